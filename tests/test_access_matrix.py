"""Every address answers every actor as its row says, and no address is without a row."""

import copy
from functools import cache
from importlib import import_module

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from tests.access import ACTORS, make_world

APPS = ("gaige", "agency", "acceptance", "packages", "archives", "projects")
pytestmark = pytest.mark.django_db


@cache
def rows():
    return {name: row for app in APPS for name, row in import_module(f"tests.{app}.access_rows").ROWS.items()}


def names(resolver=None, space=""):
    """The full names of all addresses."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names(pattern, pattern.namespace or space)
        else:
            yield f"{space}:{pattern.name}" if space else pattern.name


def address(world, name, row):
    args = []
    for part in row.subject.split():
        value = getattr(world, part, None)
        args.append(part.removeprefix("=") if part.startswith("=") else getattr(value, "token", None) or value.pk)
    return reverse(name, args=args) + row.query


@pytest.fixture(scope="module")
def world(module_database):
    """One of everything, and for each actor the cookies of a session; each address is asked in a transaction."""
    world = make_world()
    world.cookies = {}
    for actor in ACTORS:
        client = Client()
        if actor != "anonymous":
            client.force_login(getattr(world.actors, actor))
        world.cookies[actor] = client.cookies
    return world


def answer(world, actor, row, url):
    """The code of one request in a session of its own; what it changed is taken back."""
    with transaction.atomic():
        client = Client()
        client.cookies = copy.deepcopy(world.cookies[actor])
        response = getattr(client, row.method)(url, row.data)
        if response.streaming:
            b"".join(response)
        transaction.set_rollback(True)
    return response.status_code


def test_every_address_stands_in_the_matrix():
    assert sorted(set(names())) == sorted(rows())


@pytest.mark.postgresql  # some minutes: once is enough
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(rows()))
def test_every_address_answers_every_actor_as_its_row_says(world, name):
    row = rows()[name]
    url = address(world, name, row)
    assert {actor: answer(world, actor, row, url) for actor in ACTORS} == row.codes
