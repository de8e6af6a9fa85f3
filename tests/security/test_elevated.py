"""What gives data out for months is set up at elevated work only; taking it back needs none."""

import pytest
from django.test import Client

from agency.models import ApiToken, Webhook
from projects.models import Region
from projects.services.elevation import elevate, step_down
from projects.states import Role
from tests import factories

pytestmark = pytest.mark.django_db


def test_tokens_and_addresses_of_other_systems(actors, clock):
    centre = actors.centre
    admin, client = factories.person("admin", "何工", Role.ADMIN, centre), Client()
    client.force_login(admin)
    token = {"name": "市大屏", "holder": centre.pk, "region": Region.objects.get(code="140581").pk,
             "scopes": ["cases"], "expires_on": "2026-12-01"}
    hook = {"name": "业务系统", "organisation": centre.pk, "url": "https://93.184.215.14/in"}

    def codes():
        return [client.post("/tokens/new/", token).status_code, client.post("/webhooks/", hook).status_code]

    assert codes() == [403, 403]
    assert "先开启特权操作" in client.get("/webhooks/").text
    elevate(by=admin, reason="接入市大屏", minutes=30)
    assert codes() == [200, 200]
    assert (ApiToken.objects.count(), Webhook.objects.count()) == (1, 1)
    step_down(by=admin)
    assert codes() == [403, 403]
    revoked = client.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/", {"yes": "1"}).status_code
    assert (revoked, client.post(f"/webhooks/{Webhook.objects.get().pk}/end/").status_code) == (302, 302)
