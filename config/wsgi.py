"""WSGI entry point of the web workers."""

import gc
import os
import sys

import django

from config.lean import without  # before settings load structlog

# Each answer of the database makes a thread wait for the interpreter. Five milliseconds, Python's
# default, is longer than most requests take.
sys.setswitchinterval(0.001)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# The REST framework brings test clients and highlighters for whoever has these installed.
with without("jinja2", "pygments", "requests"):
    import drf_spectacular.plumbing  # noqa: F401

import config.urls  # noqa: E402, F401 the first request would load them
from core.answers.wsgi import KeptAnswers  # noqa: E402 these read settings and models
from hub.lean import Handler  # noqa: E402

application = KeptAnswers(Handler())

# What is loaded stays: the collector need not look at it again. And most of what a request makes
# ends with it, without the collector, which would look for it twice in each request.
gc.collect()
gc.freeze()
gc.set_threshold(10_000)
