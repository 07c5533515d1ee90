"""ASGI entry point of the streams process: the store, the secret and where it tells what it sent.

No app of Django is loaded here: it costs no memory that a process which sends files has a use for.
"""

from __future__ import annotations

import logging.config
import os
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

import config.lean  # noqa: F401 before settings load structlog
from core.storage.configured import content_store
from hub.streams.app import Streams
from hub.streams.reports import Reports
from hub.streams.sent import tell

THREADS = 32  # that wait for a disk or an object store; a client that reads slowly holds none

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
logging.config.dictConfig(settings.LOGGING)
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="read")
application = Streams(
    content_store(),
    secret=settings.SECRET_KEY,
    reports=Reports(tell, _threads),
    threads=_threads,
)
