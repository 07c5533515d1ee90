"""REST framework and the OpenAPI document."""

from __future__ import annotations

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "registry.authentication.KeyAuthentication",
        "registry.authentication.SignedInAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["registry.permissions.MayRead"],
    "DEFAULT_RENDERER_CLASSES": ["core.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "core.api.problem_response",
    "DEFAULT_SCHEMA_CLASS": "core.api.YardSchema",
    "URL_FORMAT_OVERRIDE": None,  # `format` is a filter of models
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Modelyard",
    "DESCRIPTION": "Which AI models may we use, and where do we get them safely?",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": r"/api/v1|/model-info",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"TierEnum": "registry.enums.Tier"},
}
