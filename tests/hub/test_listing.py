"""The list of models: whose, searched, filtered, in pages."""

from __future__ import annotations

import pytest

from core.cursors import encode_cursor
from registry.models import Tag
from tests.factories.registry import VersionFactory
from tests.hub.conftest import make_version

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "parts", [(1, 1), ("2026-13-01T00:00:00Z", 1), ("2026-01-01", 1), ("2026-01-01T00:00:00Z", "1")]
)
def test_a_cursor_of_another_list_is_refused(ask, key, version, parts):
    assert ask(f"/api/models?cursor={encode_cursor(*parts)}", key=key).status_code == 400
    for path in ("tree/main", "commits/main"):
        address = f"/api/models/{version.model.repo_id}/{path}?cursor={encode_cursor(*parts)}"
        assert ask(address, key=key).status_code == 400


def test_a_cursor_beyond_every_number_is_no_fault(ask, key, version):
    huge = encode_cursor("2026-01-01T00:00:00Z", 2**63)
    assert ask(f"/api/models?cursor={huge}", key=key).json() == []
    address = f"/api/models/{version.model.repo_id}/commits/main?cursor={encode_cursor(2**63)}"
    assert len(ask(address, key=key).json()) == 1


def test_the_list_shows_admitted_models_of_the_callers_tiers(ask, key, lite_key, store):
    seen = make_version(store)
    make_version(store, model__tier="professional", model__repo_id="acme/pro")
    make_version(store, admission="held", model__repo_id="acme/held")
    assert [m["id"] for m in ask("/api/models", key=lite_key).json()] == [seen.model.repo_id]
    assert {m["id"] for m in ask("/api/models", key=key).json()} == {seen.model.repo_id, "acme/pro"}


def test_the_list_is_searched_and_paged(ask, key):
    for name in ("acme/bert-a", "acme/bert-b", "other/bert-c", "acme/llama"):
        VersionFactory(model__repo_id=name)
    found = ask("/api/models?search=BERT&author=acme", key=key).json()
    assert [m["id"] for m in found] == ["acme/bert-b", "acme/bert-a"]
    response = ask("/api/models?limit=3&expand=sha", key=key)
    rest = ask(response["Link"].partition("/hf")[2].partition(">")[0], key=key)
    names = [m["id"] for m in response.json() + rest.json()]
    assert names == ["acme/llama", "other/bert-c", "acme/bert-b", "acme/bert-a"]
    assert set(rest.json()[0]) == {"_id", "id", "sha"}


def test_the_list_is_filtered_by_tags(ask, key):
    both, one = VersionFactory().model, VersionFactory().model
    bert, french = Tag.objects.create(name="bert"), Tag.objects.create(name="fr")
    both.tags.add(bert, french)
    one.tags.add(bert)
    found = ask("/api/models?filter=bert&filter=fr", key=key).json()
    assert [m["id"] for m in found] == [both.repo_id]
    assert found[0]["tags"] == ["bert", "fr"]
