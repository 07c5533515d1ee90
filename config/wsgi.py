"""WSGI entry point of the web workers."""

import os
import sys

from django.core.wsgi import get_wsgi_application

import config.lean  # noqa: F401 before settings load structlog
from core.answers.wsgi import KeptAnswers

# Each answer of the database makes a thread wait for the interpreter. Five milliseconds, Python's
# default, is longer than most requests take.
sys.setswitchinterval(0.001)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = KeptAnswers(get_wsgi_application())
