"""The OpenAPI document: committed, valid, complete, and readable as a page without a script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from django.urls import URLPattern
from drf_spectacular.validation import validate_schema

from catalog.api.base import YardView
from catalog.api.schema import as_yaml, document, reference
from config import api

COMMITTED = Path("docs/openapi.yaml")
PAGES = ("docs/", "api/docs/", "api/schema/", "health", "ready", "metrics")


def test_the_committed_document_is_the_one_that_is_served():
    assert COMMITTED.read_bytes() == as_yaml(), "run `make docs` and commit docs/openapi.yaml"


def test_the_document_is_valid_openapi():
    validate_schema(document())


def test_every_route_of_the_api_is_described():
    described = {re.sub(r"{[^}]+}", "{}", path) for path in document()["paths"]}
    routes = [route for route in api.urlpatterns if isinstance(route, URLPattern)]
    wanted = [route for route in routes if not str(route.pattern).startswith(PAGES)]
    assert {re.sub(r"<[^>]+>", "{}", f"/{route.pattern}") for route in wanted} == described


def test_every_operation_has_a_name_a_sentence_and_its_errors():
    names = []
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            names.append(operation["operationId"])
            assert operation["summary"], f"{method} {path}"
            codes = set(operation["responses"])
            assert codes & {"200", "201", "202", "204"}, f"{method} {path}"
            assert "4XX" in codes, f"{method} {path}"
    assert len(names) == len(set(names))


def test_what_a_base_class_says_describes_no_operation():
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            assert YardView.__doc__ not in operation.get("description", ""), f"{method} {path}"


def test_every_filter_is_described_with_its_values():
    listed = document()["paths"]["/api/v1/models"]["get"]["parameters"]
    tier = next(one for one in listed if one["name"] == "tier")
    assert set(tier["schema"]["items"]["enum"]) == {"lite", "standard", "professional"}
    assert {"q", "min_params", "ordering", "cursor", "limit"} <= {one["name"] for one in listed}


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "application/vnd.oai.openapi"),
        ("", "application/json", "application/vnd.oai.openapi+json"),
        ("?format=json", "*/*", "application/vnd.oai.openapi+json"),
        ("?format=yaml", "application/json", "application/vnd.oai.openapi"),
    ],
)
def test_the_document_is_served_to_anybody(client, query, accept, kind):
    response = client.get(f"/api/schema/{query}", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    assert yaml.safe_load(response.content)["info"]["title"] == "Modelyard"


def test_an_unknown_form_is_an_error(client):
    response = client.get("/api/schema/?format=pdf")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_the_page_shows_every_operation_and_needs_no_inline_script(client):
    response = client.get("/api/docs/")
    text = response.content.decode()
    operations = [one for group in reference() for one in group["operations"]]
    assert len(operations) == sum(len(item) for item in document()["paths"].values())
    assert all(f'id="{one["id"]}"' in text for one in operations)
    inline = r"<script(?![^>]*\bsrc=)|\son[a-z]+=|<style|\sstyle="
    assert not re.search(rf"{inline}|https?://(?!www\.w3)", text)
    assert "script-src 'self'" in response["Content-Security-Policy"]
