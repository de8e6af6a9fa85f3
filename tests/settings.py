"""Settings of the test suite: those of the portal, with what a test must not share with an installation."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="gaige-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["GAIGE_VAR"] = _folder
os.environ.setdefault("SECRET_KEY", "test-" * 12)
os.environ.setdefault("FIELD_KEYS", "Z2FpZ2UtdGVzdC1rZXktMzItYnl0ZXMtbG9uZy0hISE=")
os.environ.setdefault("SITE_URL", "http://testserver")
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("GAIGE_TOTP", "optional")  # a test that means it sets it

from gaige.settings import *  # noqa: E402, F403
from gaige.settings import DATABASES, STORAGES  # noqa: E402

DATABASES["default"]["CONN_MAX_AGE"] = 0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True
CALENDAR_CHECK_SECONDS = 3600  # else the look at the calendar's version falls into a page's counted queries at random
WAKE_APART = False  # a test sees what it has published
COUNTERS_SECONDS = 0  # a test looks right after it has acted
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # two processes of the suite count apart
