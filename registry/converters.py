"""The public id of a model in an address: like a slug, and dots are allowed."""

from __future__ import annotations

from django.urls import register_converter


class ModelSlug:
    name = "modelslug"
    regex = "[a-z0-9][a-z0-9._-]*"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ModelSlug, ModelSlug.name)  # here, so that it happens once
