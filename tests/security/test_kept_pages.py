"""A page that is kept for strangers holds nothing that was said to one of them."""

import pytest
from django.contrib.messages import SUCCESS
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client, RequestFactory

from archives.services.codes import issue_token

pytestmark = pytest.mark.django_db


def test_the_number_of_an_enquiry_is_told_to_its_asker_only(factory, actors):
    path = f"/q/{issue_token(factory.pk, by=actors.clerk).token}/"
    asker, stranger = Client(), Client()
    kept = CookieStorage(RequestFactory().get("/"))._encode([Message(SUCCESS, "已提交，编号 7。")])
    asker.cookies["messages"] = kept
    assert "已提交，编号 7。" in asker.get(path).text
    assert "已提交" not in stranger.get(path).text
