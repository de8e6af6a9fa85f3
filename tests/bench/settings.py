"""Settings of the benchmark: the portal's own, with the bare page and the bare write added to its addresses."""

from gaige.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
