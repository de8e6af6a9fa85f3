"""Openings of public pages are counted for all processes together, and a cache that is away stops nobody."""

import os
import threading

from django.core.cache import cache

from archives.limits import allowed
from tests.conftest import missing
from tests.servers import ServerMissingError, free_port, start_redis

REDIS = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "KEY_PREFIX": "gaige-test"}


def on(url):
    return {"default": {**REDIS, "LOCATION": url, "OPTIONS": {"socket_connect_timeout": 20, "socket_timeout": 20}}}


def test_all_who_serve_count_together(settings):
    try:
        server = None if os.environ.get("REDIS_URL") else start_redis()
    except ServerMissingError as error:
        missing(str(error))
    try:
        settings.PUBLIC_RATE_PER_MINUTE = 3
        settings.CACHES = on(server.url if server else os.environ["REDIS_URL"])
        address = f"192.0.2.{os.getpid()}"
        other = threading.Thread(target=allowed, args=("q", address))  # with a connection of its own
        other.start()
        other.join(60)
        assert [allowed("q", address) for _ in range(3)] == [True, True, False]
        cache.close()
    finally:
        if server:
            server.stop()


def test_a_cache_that_is_away_lets_everybody_in(settings, caplog):
    settings.PUBLIC_RATE_PER_MINUTE = 1
    settings.CACHES = on(f"redis://127.0.0.1:{free_port()}/0")
    assert [allowed("q", "192.0.2.1") for _ in range(2)] == [True, True]
    assert {record.message for record in caplog.records} == {"openings are not counted: the cache does not answer"}
