"""Settings of a portal that a test starts: the portal's own, with passwords that cost nothing to check."""

from gaige.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
