"""Settings of the portal: everything comes from the environment, see ``.env.example``.

A wrong or missing value stops the start with one clear line. Without any variable the embedded default runs:
SQLite, files, queue and secrets under ``GAIGE_VAR``. With a server database nothing is made up: secrets, hosts and
the public address have to be given.
"""

import secrets
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from cryptography.fernet import Fernet
from kombu.entity import Queue

from gaige import env, generics

generics.allow_subscripts()
BASE_DIR = Path(__file__).resolve().parent.parent
GAIGE_VAR = Path(env.text("GAIGE_VAR", str(BASE_DIR / "var"))).resolve()
try:
    GAIGE_VAR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    env.refuse("GAIGE_VAR", f"{GAIGE_VAR} cannot be made ({error.__class__.__name__})")

DEBUG = env.boolean("DEBUG", default=False)
#: The last line of every page says that people and firms are made up.
DEMO = env.boolean("DEMO", default=False)

# Database

DATABASES: dict[str, dict[str, Any]] = {"default": env.database("DATABASE_URL", f"sqlite:///{GAIGE_VAR}/db.sqlite3")}
IS_EMBEDDED = DATABASES["default"]["ENGINE"].endswith("sqlite3")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Secrets

_secret_folder = GAIGE_VAR / "secrets"
SECRET_KEY = env.kept_secret("SECRET_KEY", _secret_folder, secrets.token_urlsafe(64), may_make=IS_EMBEDDED)
if len(SECRET_KEY) < 50:  # noqa: PLR2004 - the length Django's deployment check asks for
    env.refuse("SECRET_KEY", "is shorter than 50 characters")
#: Keys of the fields that are encrypted at rest: the first encrypts, every one decrypts.
FIELD_KEYS = env.field_keys(
    env.kept_secret("FIELD_KEYS", _secret_folder, Fernet.generate_key().decode(), may_make=IS_EMBEDDED)
)

# Addresses

#: Base of the absolute addresses that QR codes and papers carry.
SITE_URL = env.site_url("SITE_URL", "http://127.0.0.1:8000" if IS_EMBEDDED else None)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if IS_EMBEDDED else None)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", SITE_URL)
if env.boolean("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

_https = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz/$"]
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 31_536_000 if _https else 0, low=0, high=63_072_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = env.integer("SESSION_HOURS", 10, low=1, high=24 * 14) * 3600
#: Minutes without a request after which a session ends; 0 leaves it to SESSION_HOURS.
SESSION_IDLE_MINUTES = env.integer("SESSION_IDLE_MINUTES", 60, low=0, high=24 * 60)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "gaige.errors.csrf_failure"
X_FRAME_OPTIONS = "SAMEORIGIN"  # our own pages show our own PDFs beside a form
SILENCED_SYSTEM_CHECKS = ["security.W019"]  # the same
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'self'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'"
)

# Applications. The order is the only allowed direction of imports, from right to left.

INSTALLED_APPS = [
    "gaige",
    "agency",
    "acceptance",
    "packages",
    "archives",
    "projects",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_fsm",
    "django_htmx",
    "guardian",
]
AUTH_USER_MODEL = "projects.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
#: Passwords: the least length, how many of the four classes of characters, how many old ones are not taken again, and
#: after how many days the staff choose a new one (0: never).
PASSWORD_MIN_LENGTH = env.integer("PASSWORD_MIN_LENGTH", 10, low=8, high=64)
PASSWORD_CLASSES = env.integer("PASSWORD_CLASSES", 3, low=1, high=4)
PASSWORD_HISTORY = env.integer("PASSWORD_HISTORY", 5, low=0, high=24)
PASSWORD_MAX_DAYS = env.integer("PASSWORD_MAX_DAYS", 0 if DEMO else 180, low=0, high=3650)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "projects.passwords.LikenessValidator"},
    {
        "NAME": "projects.passwords.LengthValidator",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "projects.passwords.ClassesValidator", "OPTIONS": {"least": PASSWORD_CLASSES}},
    {"NAME": "projects.passwords.HistoryValidator", "OPTIONS": {"last": PASSWORD_HISTORY}},
]
#: Second factor of staff and administrators: required, or optional (whoever has one uses it).
TOTP = env.one_of("GAIGE_TOTP", "optional" if DEMO else "required", ("required", "optional"))
#: So many false passwords or codes in a row stop a name for so many minutes.
LOGIN_TRIES = env.integer("LOGIN_TRIES", 5, low=2, high=100)
LOGIN_LOCK_MINUTES = env.integer("LOGIN_LOCK_MINUTES", 15, low=1, high=24 * 60)
#: Minutes for which an administrator may switch on elevated work at a time.
ELEVATION_MAX_MINUTES = env.integer("ELEVATION_MAX_MINUTES", 60, low=5, high=8 * 60)
#: Days for which a role may be delegated at a time.
DELEGATION_MAX_DAYS = env.integer("DELEGATION_MAX_DAYS", 60, low=1, high=366)
#: Working days in which a person gets the answer about the own data.
PERSON_REQUEST_DAYS = env.integer("PERSON_REQUEST_DAYS", 15, low=1, high=60)
#: Days for which kinds of records are kept, where the place keeps them longer than projects/catalog/retention.tsv says.
RETENTION_DAYS = env.days_by_name("RETENTION_DAYS")
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

MIDDLEWARE = [
    "gaige.middleware.request_id_middleware",
    "gaige.middleware.null_byte_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "gaige.middleware.content_security_policy_middleware",
    "gaige.middleware.sign_in_again_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "gaige.sessions.session_middleware",
    "gaige.export_log.export_log_middleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "gaige.middleware.PlainTextMiddleware",
    "gaige.middleware.DomainErrorMiddleware",
]
ROOT_URLCONF = "gaige.urls"
WSGI_APPLICATION = "gaige.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gaige.context.portal",
            ],
            "builtins": ["django.templatetags.static"],
        },
    }
]
FORM_RENDERER = "gaige.form_renderer.FormRenderer"

# Language and time

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
#: First day of a bulletin's month: from the 26th to the 25th, 24:00.
BULLETIN_MONTH_STARTS_ON = env.integer("BULLETIN_MONTH_STARTS_ON", 26, low=1, high=28)

#: First letters of the numbers of official papers: 〔2026〕高审受字第000123号.
PAPER_PREFIX = env.text("PAPER_PREFIX", "高审")
#: How often one address may open public pages by code in a minute; 0 is no limit.
PUBLIC_RATE_PER_MINUTE = env.integer("PUBLIC_RATE_PER_MINUTE", 30, low=0, high=100_000)

# Files

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(GAIGE_VAR / "static"))).resolve()
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": env.files(str(GAIGE_VAR / "files")),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
        # Collected by who builds the image, read by who serves: not the narrow mode of uploaded files.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
#: One uploaded file may be this large, in bytes.
UPLOAD_MAX_BYTES = env.integer("UPLOAD_MAX_MB", 50, low=1, high=2000) * 1024 * 1024
#: One PDF may have so many pages.
UPLOAD_MAX_PAGES = env.integer("UPLOAD_MAX_PAGES", 3000, low=1, high=100_000)
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler", "archives.uploads.BoundedUploadHandler",
]
#: By which algorithm new files are stored and checked; each keeps the name of its own.
DIGEST_ALGORITHM = env.digest_algorithm("DIGEST_ALGORITHM")
#: tcp://host:port or unix:/path of a scanner that speaks the ClamAV protocol; while set, nothing is filed unscanned.
VIRUS_SCANNER = env.scanner("VIRUS_SCANNER")
#: Files of one project volume (项目卷) together; what is beyond stands outside, with a sheet in its place.
VOLUME_MAX_BYTES = env.integer("VOLUME_MAX_MB", 300, low=1, high=4000) * 1024 * 1024
#: A PDF with more pages is handed over as it was filed, without a PDF/A-2u copy.
PDFA_MAX_PAGES = env.integer("PDFA_MAX_PAGES", 400, low=1, high=2000)
#: Months after delivery in which the archive is handed to the city archive (our proposal, docs/archive.md).
TRANSFER_MONTHS = env.integer("TRANSFER_MONTHS", 3, low=1, high=60)
#: Code of the body that takes the archives over.
CITY_ARCHIVE = env.text("CITY_ARCHIVE", "city-archive")
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_NUMBER_FILES = 100
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640

# E-mail

vars().update(env.email("EMAIL_URL", GAIGE_VAR / "mail"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", "gaige@localhost")

# Messages (our own proposals, docs/messages.md)

#: What stands behind each way out of the portal; SMS and WeCom write to the log until a provider's class is named.
CHANNEL_CLASSES = {
    "email": "agency.channels.mail.Mail",
    "webhook": "agency.channels.webhook.Webhook",
    "sms": env.text("SMS_CHANNEL", "agency.channels.console.Sms"),
    "wecom": env.text("WECOM_CHANNEL", "agency.channels.console.Wecom"),
}
MESSAGE_CHANNELS = env.among("MESSAGE_CHANNELS", "email,webhook,sms", set(CHANNEL_CLASSES))
#: People are not woken between these hours; the digest of a working day is made from this time on.
QUIET_FROM, QUIET_UNTIL = env.hours("QUIET_HOURS", "20:00-08:00")
DIGEST_FROM, DIGEST_UNTIL = env.hours("DIGEST_HOURS", "09:00-20:00")
#: Minutes until what could not be sent is tried again, one after the other; then it counts as not delivered.
DISPATCH_BACKOFF_MINUTES = env.minutes("DISPATCH_BACKOFF_MINUTES", "1,5,15,60,180,360,720,1440")
#: Seconds after which a message whose worker went silent is taken up; longer than the longest try.
DISPATCH_STALE_SECONDS = env.integer("DISPATCH_STALE_SECONDS", 300, low=5, high=86_400)
#: So long a mail server may think about a letter that it has got, and another system about a call.
EMAIL_ANSWER_SECONDS = env.integer("EMAIL_ANSWER_SECONDS", 120, low=1, high=200)
WEBHOOK_SECONDS = env.integer("WEBHOOK_SECONDS", 10, low=1, high=120)
#: Networks of the inside that webhooks may call all the same (10.20.0.0/16), separated by commas.
WEBHOOK_INNER_NETWORKS = env.networks("WEBHOOK_INNER_NETWORKS")

# Jobs

REDIS_URL = env.text("REDIS_URL", "")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    env.refuse("REDIS_URL", "does not begin with redis://")
_transport: dict[str, Any]
if REDIS_URL:
    # what is counted per minute is counted for all processes and machines together
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "gaige",
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }
    CELERY_BROKER_URL = REDIS_URL
    _transport = {
        # An in-flight task of a killed worker comes back; longer than the longest task (task_time_limit).
        "visibility_timeout": env.integer("VISIBILITY_TIMEOUT", 360, low=5, high=86_400),
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        # A broker that is down costs a user two seconds at most, once in a quarter of a minute (gaige/celery.py).
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        "retry_on_timeout": False,
        "max_retries": 0,
    }
else:
    CELERY_BROKER_URL = "filesystem://localhost//"
    _queue = GAIGE_VAR / "queue"
    for _folder in (_queue / "messages", _queue / "control"):
        _folder.mkdir(parents=True, exist_ok=True)
    _transport = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.2,
    }
CELERY_BROKER_TRANSPORT_OPTIONS = _transport
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONSUMER = "gaige.task_consumer:Consumer"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = tuple(Queue(name, routing_key=name) for name in ("default", "review", "deadline", "render"))
CELERY_TASK_ROUTES = {
    "packages.tasks.open_joint_review": {"queue": "review", "routing_key": "review"},
    "packages.tasks.open_joint_reviews": {"queue": "review", "routing_key": "review"},
    "packages.tasks.sweep_reviews": {"queue": "review", "routing_key": "review"},
    "packages.tasks.apply_tacit": {"queue": "deadline", "routing_key": "deadline"},
    "acceptance.tasks.sweep_supervision": {"queue": "deadline", "routing_key": "deadline"},
    "acceptance.tasks.sweep_make_ups": {"queue": "deadline", "routing_key": "deadline"},
    "projects.tasks.sweep_credit": {"queue": "deadline", "routing_key": "deadline"},
    "packages.tasks.sweep_drawings": {"queue": "deadline", "routing_key": "deadline"},
    "packages.tasks.sweep_pool": {"queue": "deadline", "routing_key": "deadline"},
    "packages.tasks.sweep_forecasts": {"queue": "deadline", "routing_key": "deadline"},
    "packages.tasks.refresh_history": {"queue": "deadline", "routing_key": "deadline"},
    "packages.tasks.sweep_promises": {"queue": "deadline", "routing_key": "deadline"},
    "packages.tasks.sweep_regional": {"queue": "deadline", "routing_key": "deadline"},
    "packages.tasks.chase_absent": {"queue": "deadline", "routing_key": "deadline"},
    "packages.tasks.deem_accepted": {"queue": "deadline", "routing_key": "deadline"},
    "agency.tasks.sweep_due": {"queue": "deadline", "routing_key": "deadline"},
    "agency.tasks.sweep_voices": {"queue": "deadline", "routing_key": "deadline"},
    "agency.tasks.digest_notifications": {"queue": "deadline", "routing_key": "deadline"},
    "archives.tasks.nightly_fixity": {"queue": "default", "routing_key": "default"},
    "archives.tasks.*": {"queue": "render", "routing_key": "render"},
}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(GAIGE_VAR / "beat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "drain_outbox": {"task": "projects.tasks.drain_outbox", "schedule": 20.0},
    "sweep_due": {"task": "agency.tasks.sweep_due", "schedule": crontab(minute="*/10")},
    "digest_notifications": {"task": "agency.tasks.digest_notifications", "schedule": crontab(minute="*/10")},
    "send_messages": {"task": "agency.tasks.send_messages", "schedule": 60.0},
    "apply_tacit": {"task": "packages.tasks.apply_tacit", "schedule": crontab(minute="2-59/10")},
    "sweep_supervision": {"task": "acceptance.tasks.sweep_supervision", "schedule": crontab(minute="3-59/10")},
    "sweep_make_ups": {"task": "acceptance.tasks.sweep_make_ups", "schedule": crontab(minute="8-59/10")},
    "sweep_credit": {"task": "projects.tasks.sweep_credit", "schedule": crontab(minute="20", hour="3")},
    "sweep_drawings": {"task": "packages.tasks.sweep_drawings", "schedule": crontab(minute="7-59/10")},
    "sweep_reviews": {"task": "packages.tasks.sweep_reviews", "schedule": 60.0},
    "sweep_pool": {"task": "packages.tasks.sweep_pool", "schedule": crontab(minute="9-59/10")},
    "sweep_regional": {"task": "packages.tasks.sweep_regional", "schedule": crontab(minute="2-59/10")},
    "sweep_promises": {"task": "packages.tasks.sweep_promises", "schedule": crontab(minute="4-59/10")},
    "chase_absent": {"task": "packages.tasks.chase_absent", "schedule": crontab(minute="9")},
    "sweep_forecasts": {"task": "packages.tasks.sweep_forecasts", "schedule": 60.0},
    "refresh_history": {"task": "packages.tasks.refresh_history", "schedule": crontab(minute="10", hour="1")},
    "deem_accepted": {"task": "packages.tasks.deem_accepted", "schedule": crontab(minute="7")},
    "render_pending": {"task": "archives.tasks.render_pending", "schedule": 60.0},
    "make_bundles": {"task": "archives.tasks.make_bundles", "schedule": crontab(minute="*/5")},
    "take_in_pending": {"task": "archives.tasks.take_in_pending", "schedule": 60.0},
    "nightly_fixity": {
        "task": "archives.tasks.nightly_fixity",
        "schedule": crontab(minute="*/5", hour="2-5"),
    },
    "refresh_public": {"task": "archives.tasks.refresh_public", "schedule": 60.0},
    "sweep_voices": {"task": "agency.tasks.sweep_voices", "schedule": crontab(minute="6-59/10")},
    "sweep_starts": {"task": "agency.tasks.sweep_starts", "schedule": crontab(minute="40", hour="8")},
    "sweep_desk": {"task": "agency.tasks.sweep_desk", "schedule": crontab(minute="6-59/10")},
    "freeze_month": {
        "task": "agency.tasks.freeze_month",
        "schedule": crontab(minute="30", hour="0", day_of_month=str(BULLETIN_MONTH_STARTS_ON)),
    },
    "sweep_conditional": {
        "task": "packages.tasks.sweep_conditional",
        "schedule": crontab(minute="30", hour="7"),
    },
    "apply_retention": {"task": "projects.tasks.apply_retention", "schedule": crontab(minute="40", hour="2")},
    "recompute_provisional": {
        "task": "projects.tasks.recompute_provisional",
        "schedule": crontab(minute="10", hour="3"),
    },
}

#: Matters whose grant brings the notices of points and the plan of inspections (the first of them on a works), and the
#: department that leads the joint supervision.
SUPERVISION_PERMITS = frozenset({"construction-permit", "pile-permit", "start-report"})
SUPERVISION_LEAD = "housing"
#: Working days before the last day of a permit or a letter on which both sides are reminded, each once.
LIVING_WARN_DAYS = env.thresholds("LIVING_WARN_DAYS", "15,5")
#: Calendar days before the last day of a regional result on which its keeper and the projects on it are warned.
REGIONAL_WARN_DAYS = env.integer("REGIONAL_WARN_DAYS", 90, low=1, high=730)
#: Months that a conditional permit holds, and days that a letter in lieu does, where their kind says nothing.
CONDITIONAL_PERMIT_MONTHS = env.integer("CONDITIONAL_PERMIT_MONTHS", 2, low=1, high=60)
LETTER_DAYS = env.integer("LETTER_DAYS", 365, low=1, high=3660)
#: The counters above a list may lag so many seconds behind what others do, never behind what one does oneself.
COUNTERS_SECONDS = env.integer("COUNTERS_SECONDS", 15, low=0, high=300)
#: Seconds after which an outbox row whose worker went silent is taken up by another worker.
OUTBOX_STALE_SECONDS = env.integer("OUTBOX_STALE_SECONDS", 120, low=5, high=86_400)
#: Seconds after which a paper whose worker went silent is made into a PDF by another worker.
RENDER_STALE_SECONDS = env.integer("RENDER_STALE_SECONDS", 30, low=5, high=86_400)
#: The broker is spoken to by a thread of its own, not by who waits for a page.
WAKE_APART = True

#: Requests of one token of the JSON interface in a minute, and the days that a token may hold at most.
API_RATE_PER_MINUTE = env.integer("API_RATE_PER_MINUTE", 120, low=0, high=100_000)
API_TOKEN_DAYS = env.integer("API_TOKEN_DAYS", 366, low=1, high=3660)

#: A fault that a department tells more than so many working days after it has begun is flagged (our proposal).
LATE_CORRECTION_DAYS = env.integer("LATE_CORRECTION_DAYS", 3, low=0, high=60)
# 容缺 and 承诺 (our own proposal, docs/promises.md)
#: How many of a hundred commitments are checked when their term ends; those drawn are drawn by their number.
COMMITMENT_CHECK_PERCENT = env.integer("COMMITMENT_CHECK_PERCENT", 20, low=0, high=100)
#: Working days to keep a commitment of a matter whose terms name none.
COMMITMENT_DAYS = env.integer("COMMITMENT_DAYS", 30, low=1, high=1000)
#: Working days of the last term after a check that found a commitment not kept yet.
COMMITMENT_LAST_TERM_DAYS = env.integer("COMMITMENT_LAST_TERM_DAYS", 10, low=1, high=250)
#: The share of materials that the reform is said to save, in percent; the page of the figures measures against it.
SAVING_CLAIM_PERCENT = env.integer("SAVING_CLAIM_PERCENT", 70, low=0, high=100)

#: So many failed sign-ins from one address in a quarter of an hour stop that address; 0 switches the limit off.
SIGN_IN_FAILURES_PER_ADDRESS = env.integer("SIGN_IN_FAILURES_PER_ADDRESS", 50, low=0, high=100_000)
#: So many failed sign-ins with one name, from whatever addresses, in a quarter of an hour stop that name; 0: never.
SIGN_IN_FAILURES_PER_NAME = env.integer("SIGN_IN_FAILURES_PER_NAME", 100, low=0, high=100_000)
#: How a refusal may be contested, as the place words it (行政许可法 38); the terms stand in other laws.
REMEDIES_TEXT = env.text("REMEDIES_TEXT", "如不服本决定，可以依法申请行政复议或者提起行政诉讼。")

#: Days in which an invitation or a code for a new password may be used.
INVITATION_DAYS = env.integer("INVITATION_DAYS", 7, low=1, high=60)
#: When a legal notice counts as delivered, as the place words it; no law that this portal has read settles it.
DELIVERY_TEXT = env.text("DELIVERY_TEXT", "以签收时间为送达时间；没有签收的，由窗口改用其他方式送达。")

# Log

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "gaige.middleware.RequestIdFilter"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["request_id"], "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO").upper()},
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
}
