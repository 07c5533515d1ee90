"""Every address has a name, and only one view answers it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.urls import URLPattern, get_resolver


def patterns(found=None, before="", space="") -> Iterator[tuple[str, str, URLPattern]]:
    for one in get_resolver().url_patterns if found is None else found:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route, f"{space}:{one.name}" if one.name else "", one
        else:
            yield from patterns(one.url_patterns, route, one.namespace or space)


OURS = [row for row in patterns() if not row[0].startswith("admin/")]


def test_every_address_has_a_name():
    assert len(OURS) > 30
    assert [route for route, name, _ in OURS if not name] == []


def test_a_name_means_one_address():
    counted = Counter(name for _, name, _ in OURS)
    assert {name for name, count in counted.items() if count > 1} == set()


def test_an_address_has_one_view():
    counted = Counter(route for route, _, _ in OURS)
    assert {route for route, count in counted.items() if count > 1} == set()


def test_pages_end_with_a_slash_and_programs_ask_without_one():
    pages = [route for route, name, _ in OURS if name.startswith(("catalog:", "registry:"))]
    assert [route for route in pages if route and not route.endswith("/")] == []
    asked = [route for route, name, _ in OURS if name.startswith("api:")]
    assert {route for route in asked if route.endswith("/")} == {"api/schema/", "api/docs/"}
