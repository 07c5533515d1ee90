"""REST parts shared by all apps: problem documents and the schema class."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from drf_spectacular.openapi import AutoSchema
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import (
    MediaTypeError,
    MethodNotAllowedError,
    ModelyardError,
    NotPermittedError,
)
from core.problems import PROBLEM, headers_of, problem, refused

_CODES = {
    400: "invalid_input",
    401: "not_authenticated",
    403: "not_permitted",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    503: "database_away",
}
# The framework's own words for these name what was sent; a title is always the same.
_TITLES = {one.status: one.title for one in (MethodNotAllowedError, MediaTypeError)}


class YardSchema(AutoSchema):
    """Name operations by route, and say that every error is a problem document."""

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and part not in ("api", "v1")]
        return [parts[0]] if parts else []

    def get_description(self) -> str:  # type: ignore[override]  # the stubs are older
        """Take an operation's own words; what a base class says is for those who read its code."""
        method = getattr(self.view, self.method.lower())
        return cleandoc(method.__doc__ or vars(type(self.view)).get("__doc__") or "")


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer every error of the REST API as problem+json; unknown ones stay errors (500)."""
    set_rollback()
    if isinstance(error, ModelyardError):
        response = Response(
            problem(error), error.status, headers=headers_of(error), content_type=PROBLEM
        )
        return refused(response, error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, OperationalError):
        error = exceptions.APIException("The database does not answer. Try again shortly.")
        error.status_code = 503
    if isinstance(error, exceptions.APIException):
        return _framework_problem(error)
    return None


def _framework_problem(error: exceptions.APIException) -> Response:
    status = error.status_code
    fields = error.detail if isinstance(error.detail, dict | list) else None
    document: dict[str, object] = {
        "type": f"/docs/errors#{_CODES.get(status, 'error')}",
        "title": _TITLES.get(status) or str(error.default_detail).rstrip("."),
        "status": status,
        "detail": "Some fields are wrong." if fields else str(error.detail),
        "code": _CODES.get(status, "error"),
    }
    if fields:
        document["fields"] = fields
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    response = Response(document, status, headers=headers, content_type=PROBLEM)
    if isinstance(error, exceptions.PermissionDenied):
        return refused(response, NotPermittedError(str(error.detail)))
    return response
