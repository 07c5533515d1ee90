"""Routes of the REST API, health and metrics. All of them answer errors as problem documents."""

from __future__ import annotations

from django.urls import path

