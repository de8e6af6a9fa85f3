"""Settings of the benchmark: the portal as it runs in production, plus the bare pages and a count of queries."""

from gaige.settings import *  # noqa: F403 - a settings module
from gaige.settings import MIDDLEWARE as PORTAL_MIDDLEWARE

ROOT_URLCONF = "gaige.scale.urls"
MIDDLEWARE = ["gaige.scale.middleware.count_queries", *PORTAL_MIDDLEWARE]
# every opening is counted as in production, and nobody is turned away
PUBLIC_RATE_PER_MINUTE = 10_000_000
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
# visitors sign in with their passwords alone, and nobody is asked for a new one
TOTP = "optional"
PASSWORD_MAX_DAYS = 0
