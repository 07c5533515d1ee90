"""docs/openapi.yaml: the document that /api/schema/ serves."""

from __future__ import annotations

import os

import django
from django.apps import apps


def page() -> str:
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
    from catalog.api.schema import as_yaml  # noqa: PLC0415 needs the apps

    return as_yaml().decode()
