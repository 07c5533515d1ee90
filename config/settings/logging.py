"""Structured logs on stdout: one line per event, with run and request ids, secrets struck out."""

from __future__ import annotations

import structlog

from config.settings.env import env
from core.logs import PROCESSORS, LineFormatter, as_json, as_text

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "yard": {
            "()": LineFormatter,
            "render": as_json if env.LOG_FORMAT == "json" else as_text,
        }
    },
    "filters": {"not_ready": {"()": "core.logs.NotReady"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "yard"}},
    "root": {"handlers": ["stdout"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR", "filters": ["not_ready"]},
        "django.server": {"level": "ERROR"},
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=PROCESSORS,
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
