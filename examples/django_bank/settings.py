"""As few settings as it needs."""

INSTALLED_APPS = ["examples.django_bank"]
ROOT_URLCONF = "examples.django_bank.urls"
SECRET_KEY = "not for production"  # noqa: S105 - an example
ALLOWED_HOSTS = ["*"]
DEBUG = False
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "bank.db",
        # a transaction that begins as a reader cannot write once another has written
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30},
    }
}
