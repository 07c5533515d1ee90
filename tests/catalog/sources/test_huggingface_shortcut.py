"""Small files of the Hub: a redirect is left out, and nothing depends on it."""

from __future__ import annotations

import pytest

from catalog.sources.base import ModelRef

NAME = "acme/small-files"
FILES = {"README.md": b"# One", "config.json": b'{"a": 1}', "more.json": b"{}"}


@pytest.fixture
def hub(start_upstream):
    return start_upstream(lambda root: root.repo(NAME, FILES))


def read_all(hub, make_source):
    with make_source(hub) as source:
        pinned = source.resolve(ModelRef("huggingface", NAME)).ref
        before = len(hub.log())
        found = {path: source.read_text(pinned, path, 100) for path in FILES}
    assert found == FILES
    return len(hub.log()) - before


def test_small_files_are_asked_for_where_the_hub_keeps_them(hub, make_source):
    assert read_all(hub, make_source) == 3


def test_a_source_that_keeps_them_elsewhere_is_asked_there_once(hub, make_source):
    hub.config(resolve_cache=False, inject=[{"match": "resolve-cache", "status": 404, "times": 99}])
    assert read_all(hub, make_source) == 1 + 3


def test_a_refused_shortcut_costs_a_request_and_no_more(hub, make_source):
    hub.config(inject=[{"match": "resolve-cache.*config.json", "status": 404, "times": 1}])
    assert read_all(hub, make_source) == 1 + (1 + 2) + 1
