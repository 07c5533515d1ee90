"""WSGI entry point of the web workers."""

import os

from django.core.wsgi import get_wsgi_application

import config.lean  # noqa: F401 before settings load structlog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
