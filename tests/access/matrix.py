"""Every address asked by every actor: the rows of all apps, one world for a module, the codes that come."""

import copy
from functools import cache
from importlib import import_module

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.access import ACTORS
from tests.access.world import make_world

APPS = ("gaige", "agency", "acceptance", "packages", "archives", "projects")


@cache
def rows(*apps):
    """The rows of these apps by the name of the address."""
    return {name: row for app in apps for name, row in import_module(f"tests.{app}.access_rows").ROWS.items()}


@pytest.fixture(scope="module")
def world(module_database):
    """One of everything, and for each actor a client with the cookies of a session."""
    world = make_world()
    world.clients = {actor: Client() for actor in ACTORS}
    for actor, client in world.clients.items():
        if actor != "anonymous":
            client.force_login(getattr(world.actors, actor))
    world.cookies = {actor: copy.deepcopy(client.cookies) for actor, client in world.clients.items()}
    return world


def answers(world, name, row):
    """The code that each actor gets at an address."""
    url = _address(world, name, row)
    return {actor: _answer(world, actor, row, url) for actor in ACTORS}


def _address(world, name, row):
    args = []
    for part in row.subject.split():
        value = getattr(world, part, None)
        args.append(part.removeprefix("=") if part.startswith("=") else getattr(value, "token", None) or value.pk)
    return reverse(name, args=args) + row.query


def _answer(world, actor, row, url):
    """The code of one request in a session of its own; what it changed is taken back."""
    with transaction.atomic():
        client = world.clients[actor]
        client.cookies = copy.deepcopy(world.cookies[actor])
        response = getattr(client, row.method)(url, row.data)
        if response.streaming:
            b"".join(response)
        transaction.set_rollback(True)
    return response.status_code
