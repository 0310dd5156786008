"""Settings: read once from the environment; `.env.example` lists every variable.

Without MEMSYNC_ENV=production the server runs in *embedded mode*: missing secrets are made once in
the data folder, and a missing DATABASE_URL means the embedded PostgreSQL.
"""

from __future__ import annotations

import sys
from pathlib import Path

from environs import Env
from marshmallow.validate import OneOf, Range
from psycopg.conninfo import conninfo_to_dict

from memsync.embedded import data_dir, dsn
from memsync.secrets import load_secrets

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

DATA_DIR = data_dir()
PRODUCTION = env.str("MEMSYNC_ENV", "embedded") == "production"
DEBUG = False

# --- secrets ---------------------------------------------------------------------------------
_secrets = load_secrets(env, DATA_DIR, production=PRODUCTION)
SECRET_KEY = _secrets.django
JWT_KEYS = _secrets.jwt_keys
"""{kid: key}; the last one signs, all of them verify."""
TOKEN_PEPPERS = _secrets.peppers
"""{hash_key_id: pepper}; the highest id hashes, all of them are tried on lookup."""

# --- hosts -----------------------------------------------------------------------------------
ALLOWED_HOSTS: list[str] = env.list("MEMSYNC_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("MEMSYNC_TRUSTED_ORIGINS", [])
TRUSTED_PROXY_COUNT = env.int("MEMSYNC_TRUSTED_PROXIES", 0)
"""How many proxies in front append to X-Forwarded-For; 0: the peer's address is the client's."""

# --- the house -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "memsync.apps.MemsyncConfig",
    "accounts",
    "django.contrib.auth",  # before sessions_app, which undoes one of its signals
    "django.contrib.contenttypes",
    "sessions_app",
    "conversations",
    "memories",
    "memsync.apps.MemsyncAdminConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "memsync.common.middleware.measured",
    "memsync.common.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "memsync.common.middleware.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sessions_app.middleware.page_session",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
API_PREFIXES = ("/api/", "/auth/", "/memory/", "/v1/", "/mcp", "/healthz", "/readyz", "/metrics")

ROOT_URLCONF = "memsync.urls"
WSGI_APPLICATION = "memsync.wsgi.application"
APPEND_SLASH = False

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
            ]
        },
    }
]

# --- database --------------------------------------------------------------------------------
HAS_DATABASE_URL = bool(env.str("DATABASE_URL", ""))
DATABASE_URL = env.str("DATABASE_URL", "") or dsn(DATA_DIR)
PROCESS = env.str("MEMSYNC_PROCESS", "command")
"""`web`, `worker` or `command`: the web process starts every connection as the runtime role."""


def _database(**options: object) -> dict[str, object]:
    """Django's form of DATABASE_URL (a libpq URL or keyword string)."""
    parts = conninfo_to_dict(DATABASE_URL)
    names = {
        "NAME": "dbname",
        "USER": "user",
        "PASSWORD": "password",
        "HOST": "host",
        "PORT": "port",
    }
    django = {name: str(parts.pop(key, "") or "") for name, key in names.items()}
    return django | {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**parts, "prepare_threshold": 2, "connect_timeout": 4, **options},
    }


RUNTIME_ROLE = "memsync_runtime"
DATABASES = {"default": _database()}
if PROCESS == "web":
    DATABASES = {
        "default": _database(options=f"-c role={RUNTIME_ROLE}"),
        "owner": _database(),  # staff without a tenant; elsewhere `default` is the owner already
    }
DATABASE_ROUTERS = ["memsync.common.tenancy.OwnerRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- who -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail is unique by a constraint on its lower case
AUTHENTICATION_BACKENDS = ["sessions_app.backends.EmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
REFRESH_RACE_WINDOW_MS = env.int("MEMSYNC_REFRESH_RACE_WINDOW_MS", 0)
"""How long the direct parent of a current refresh token gets 409 instead of the reuse alarm."""
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/conversations/"
LOGOUT_REDIRECT_URL = "/login/"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_ENGINE = "django.contrib.sessions.backends.db"
CSRF_COOKIE_HTTPONLY = True

# --- transport -------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("MEMSYNC_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
MAX_BODY_BYTES = 8 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES

# --- REST ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.KeyAuthentication",
        "sessions_app.authentication.AccessTokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["memsync.common.permissions.DenyUnlessDeclared"],
    "DEFAULT_PARSER_CLASSES": ["memsync.common.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["memsync.common.rendering.OrjsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "memsync.common.rendering.AlwaysJson",
    "DEFAULT_SCHEMA_CLASS": "memsync.common.schema.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "memsync.common.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SIMPLE_JWT = {"ALGORITHM": "HS256"}
SPECTACULAR_SETTINGS = {
    "TITLE": "MemSync",
    "DESCRIPTION": "A self-hosted memory server for LLM apps that can be audited.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AgentSessionStatusEnum": "conversations.models.AgentSession.Status",
        "CategoryEnum": "memories.models.Category.choices",
        "KeyRoleEnum": "accounts.models.ApiKey.Role",
        "MemoryStatusEnum": "memories.models.Memory.Status",
        "SessionStatusEnum": "conversations.models.Conversation.Status",
        "TurnRoleEnum": "conversations.models.Turn.Role",
    },
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "ApiKey": {"type": "apiKey", "in": "header", "name": "API-KEY"},
            "Bearer": {"type": "http", "scheme": "bearer"},
        }
    },
    "SECURITY": [{"ApiKey": []}, {"Bearer": []}],
}

# --- static files ----------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_ROOT = BASE_DIR / "static" / "root"  # /favicon.ico, /robots.txt

# --- memory ----------------------------------------------------------------------------------
EXTRACTOR = env.str("MEMSYNC_EXTRACTOR", "rules", validate=OneOf(["rules", "openai"]))
OPENAI_BASE_URL = env.str("MEMSYNC_OPENAI_BASE_URL", "")
OPENAI_API_KEY = env.str("MEMSYNC_OPENAI_API_KEY", "")
OPENAI_MODEL = env.str("MEMSYNC_OPENAI_MODEL", "gpt-4o-mini")
OPENAI_SECONDS = env.float("MEMSYNC_OPENAI_SECONDS", 60.0)
"""How long one request to the endpoint may take, and all of those that a caller waits for."""
OPENAI_PAUSE_SECONDS = 0.5
WORKER_OPENAI_SECONDS = 300.0
"""All requests of one trace, when the worker makes them."""
LEASE_MARGIN_SECONDS = 30.0
"""After the time for the network: then a request that has not finished is believed to be dead."""
CONTEXT_LIFETIME_DAYS = 7
IDEMPOTENCY_HOURS = 24

# --- recall ----------------------------------------------------------------------------------
EMBEDDINGS = env.str("MEMSYNC_EMBEDDINGS", "minilm", validate=OneOf(["minilm", "openai", "none"]))
EMBEDDING_URL = env.str("MEMSYNC_EMBEDDING_URL", "")
EMBEDDING_MODEL = env.str("MEMSYNC_EMBEDDING_MODEL", "text-embedding-3-small")
EMBEDDING_DIMENSIONS = env.int("MEMSYNC_EMBEDDING_DIMENSIONS", 0) or None
EMBEDDING_API_KEY = env.str("MEMSYNC_EMBEDDING_API_KEY", "")
EMBEDDING_THREADS = env.int("MEMSYNC_EMBEDDING_THREADS", 1)
QUESTION_SECONDS = 2.0
"""How long a question waits for a remote model before it is answered by words alone."""
QUERY_SESSIONS_PERSIST = env.bool("MEMSYNC_QUERY_SESSIONS_PERSIST", False)
QUERY_SESSION_MINUTES = 30
RECEIPT_WORDS = env.float("MEMSYNC_RECEIPT_WORDS", 1.0)
"""The share of recalls whose question is kept in words; ids and ranks always are."""
RECEIPT_DAYS = env.int("MEMSYNC_RECEIPT_DAYS", 30, validate=Range(min=1))
TOKEN_COUNTER = env.str("MEMSYNC_TOKEN_COUNTER", "memories.context.tokens.estimate")
"""Dotted path of `(text: str) -> int`, by which the budget of a context is counted."""
ARCHIVE_IDLE_DAYS = env.int("MEMSYNC_ARCHIVE_IDLE_DAYS", 0)
"""Conversations without activity for so long are archived; 0: never."""

# --- operations ------------------------------------------------------------------------------
METRICS_TOKEN = env.str("MEMSYNC_METRICS_TOKEN", "")
"""Who sends it may read /metrics; without one this machine may, and in production nobody."""

# --- the rest --------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "memsync.formats"
TESTING = "pytest" in sys.modules
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
RECEIPTS_APART = not TESTING
"""A test's transaction is seen by no other connection."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "memsync.common.logs.WordlessFormatter",
            "format": "{levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("MEMSYNC_LOG_LEVEL", "WARNING")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "mcp": {"level": "WARNING"},  # else several lines a request
        "procrastinate": {"level": "WARNING"},
    },
}
env.seal()
