"""The OpenAPI document, and the same as a page for people."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from core.errors import InvalidInputError
from core.problems import problem_json

YAML = "application/vnd.oai.openapi"
_METHODS = ("get", "post", "patch", "put", "delete")


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "registry.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "hf_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "registry.authentication.SignedInAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        # The cookie's real name holds the yard's port; the document is the same for every yard.
        return {"type": "apiKey", "in": "cookie", "name": "modelyard_session"}


@cache
def document() -> dict[str, Any]:
    """Build the OpenAPI document of every route; the same for everybody, with nothing from rows."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


@cache
def as_yaml() -> bytes:
    text = OpenApiYamlRenderer().render(document(), renderer_context={})  # type: ignore[no-untyped-call]
    return text if isinstance(text, bytes) else text.encode()


@cache
def as_json() -> bytes:
    return orjson.dumps(document(), default=str, option=orjson.OPT_INDENT_2)


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """YAML, or JSON with `?format=json` or where the client prefers it."""
    wanted = request.GET.get("format", "")
    if wanted not in ("", "json", "yaml"):
        return problem_json(InvalidInputError("format is json or yaml.", field="format"))
    prefers_json = request.get_preferred_type([YAML, "application/json"]) == "application/json"
    if wanted == "json" or (not wanted and prefers_json):
        return HttpResponse(as_json(), content_type="application/vnd.oai.openapi+json")
    return HttpResponse(as_yaml(), content_type=YAML)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html", {"groups": reference(), "info": document()["info"]})


@cache
def reference() -> list[dict[str, Any]]:
    """Arrange the document for reading: groups of operations with all that they take and give."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in document()["paths"].items():
        for method in _METHODS:
            if method in item:
                shown = _operation(path, method, item[method])
                groups.setdefault(shown["tag"], []).append(shown)
    return [{"name": name, "operations": found} for name, found in groups.items()]


def _operation(path: str, method: str, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": item["operationId"],
        "tag": (item.get("tags") or ["other"])[0],
        "method": method.upper(),
        "path": path,
        "summary": item.get("summary", ""),
        "description": item.get("description", ""),
        "parameters": [_parameter(one) for one in item.get("parameters", [])],
        "body": _fields(_content(item.get("requestBody", {}))),
        "answers": [_answer(code, one) for code, one in item.get("responses", {}).items()],
    }


def _parameter(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": item["name"],
        "place": item["in"],
        "required": item.get("required", False),
        "type": _type(item.get("schema", {})),
        "text": item.get("description", ""),
    }


def _answer(code: str, item: dict[str, Any]) -> dict[str, Any]:
    schema_of = _content(item)
    name = schema_of.get("$ref", "").rpartition("/")[2]
    return {"code": code, "name": name, "fields": _fields(schema_of)}


def _content(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = item.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _fields(schema_of: dict[str, Any]) -> list[dict[str, Any]]:
    shape = _resolved(schema_of)
    required = shape.get("required", [])
    return [
        {
            "name": name,
            "type": _type(one),
            "required": name in required,
            "text": one.get("description", ""),
        }
        for name, one in shape.get("properties", {}).items()
    ]


def _resolved(schema_of: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema_of:
        schema_of = document()["components"]["schemas"][schema_of["$ref"].rpartition("/")[2]]
    return schema_of


def _type(schema_of: dict[str, Any]) -> str:
    """Say a type in a few words: `string`, `list of ModelDocument`, `lite, standard or …`."""
    if "$ref" in schema_of:
        inner = _resolved(schema_of)
        return _type(inner) if "enum" in inner else schema_of["$ref"].rpartition("/")[2]
    if combined := schema_of.get("allOf") or schema_of.get("oneOf"):
        return " or ".join(_type(one) for one in combined if one.get("enum") != [None])
    if "enum" in schema_of:
        return " | ".join(str(value) for value in schema_of["enum"])
    if schema_of.get("type") == "array":
        return f"list of {_type(schema_of.get('items', {}))}"
    return str(schema_of.get("format") or schema_of.get("type") or "any")
