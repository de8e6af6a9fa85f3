"""The worlds of the archive and of the catalogue, for the tests of what an attacker tries."""

from tests.archives.conftest import issue, kept_archive, kind, no_counted_visits, world
from tests.packages.conftest import actors, clock, factory

__all__ = ["actors", "clock", "factory", "issue", "kept_archive", "kind", "no_counted_visits", "world"]
