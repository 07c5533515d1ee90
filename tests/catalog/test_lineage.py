"""The model tree: bases over generations, what was made from a model, and who may see it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.selectors.lineage import DEEPEST, SHOWN, bases_of_model, derived_models
from registry.authentication import caller_of_user
from registry.models import ModelVersion
from registry.services.heads import refresh_head
from tests.factories.registry import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    return caller_of_user(UserFactory())


@pytest.fixture
def made(make_model):
    """A model whose configuration names its bases."""

    def make(repo_id, *bases, **values):
        model = make_model(repo_id, **values)
        named = [{"repo_id": name, "relation": relation} for name, relation in bases]
        ModelVersion.objects.filter(pk=model.head_id).update(config={"base_models": named})
        refresh_head(model)
        return model

    return make


def told(caller, model):
    return [
        (b.depth, b.relation, b.repo_id, b.slug, b.is_circle) for b in bases_of_model(caller, model)
    ]


def test_bases_are_told_over_generations_also_those_that_are_not_here(made, caller):
    made("meta/base")
    made("acme/tuned", ("meta/base", "finetune"), ("other/gone", "merge"))
    quantized = made("acme/small", ("ACME/Tuned", "quantized"))
    assert told(caller, quantized) == [
        (1, "quantized", "ACME/Tuned", "acme--tuned", False),
        (2, "finetune", "meta/base", "meta--base", False),
        (2, "merge", "other/gone", "", False),
    ]


def test_a_base_that_comes_later_is_found(made, caller):
    child = made("acme/child", ("meta/late", ""))
    assert told(caller, child) == [(1, "", "meta/late", "", False)]
    made("meta/late")
    assert told(caller, child) == [(1, "", "meta/late", "meta--late", False)]


def test_cards_that_go_in_a_circle_end(made, caller):
    first = made("acme/a", ("acme/b", "finetune"))
    made("acme/b", ("acme/a", "finetune"), ("acme/b", "merge"))
    assert told(caller, first) == [
        (1, "finetune", "acme/b", "acme--b", False),
        (2, "finetune", "acme/a", "acme--a", True),
    ]


def test_a_long_line_is_cut(made, caller):
    for number in range(DEEPEST + 5):
        last = made(f"acme/m{number}", (f"acme/m{number - 1}", ""))
    assert [base.depth for base in bases_of_model(caller, last)] == list(range(1, DEEPEST + 1))


def test_what_was_made_from_a_model_is_counted_by_relation(made, caller):
    base = made("meta/base")
    for number in range(SHOWN + 2):
        made(f"acme/q{number}", ("Meta/Base", "quantized"), days=number)
    made("acme/tuned", ("meta/base", "finetune"))
    quantized, tuned = derived_models(caller, base)
    assert (quantized.relation, quantized.count) == ("quantized", SHOWN + 2)
    assert len(quantized.newest) == SHOWN
    assert (tuned.count, [one.repo_id for one in tuned.newest]) == (1, ["acme/tuned"])


def test_nobody_learns_of_what_they_may_not_see(made):
    lite = caller_of_user(UserFactory(tier="lite"))
    made("acme/root")
    hidden = made("acme/hidden", ("acme/root", "finetune"), tier="professional")
    type(hidden).objects.filter(pk=hidden.pk).update(tier="professional")
    open_one = made("acme/open", ("acme/hidden", "finetune"))
    assert told(lite, open_one) == [(1, "finetune", "acme/hidden", "", False)]
    assert derived_models(lite, hidden.__class__.objects.get(repo_id="acme/root")) == []


def test_a_new_head_with_other_bases_replaces_them(made, caller):
    model = made("acme/child", ("meta/one", "finetune"))
    ModelVersion.objects.filter(pk=model.head_id).update(
        config={}, facts={"base_models": ["x/two"]}
    )
    model.refresh_from_db()
    refresh_head(model)
    assert told(caller, model) == [(1, "", "x/two", "", False)]


def test_the_tree_costs_the_same_with_many(made, caller):
    base = made("meta/base")
    counts = []
    for number in range(10):
        child = made(f"acme/c{number}", ("meta/base", "finetune"))
        if number in (0, 9):
            with CaptureQueriesContext(connection) as seen:
                bases_of_model(caller, child)
                derived_models(caller, base)
            counts.append(len(seen))
    assert counts == [3, 3]


def test_the_page_and_the_api_show_the_tree(made, client, ask, make_key):
    made("meta/base")
    model = made("acme/child", ("meta/base", "adapter"), ("gone/away", "merge"))
    client.force_login(UserFactory())
    page = client.get(f"/models/{model.slug}/").content.decode()
    assert "adapter for" in page
    assert 'href="/models/meta--base/"' in page
    assert "not in this yard" in page
    below = client.get("/models/meta--base/").content.decode()
    assert "Adapters for it" in below
    listed = ask("/api/v1/models?base=META/base", key=make_key()).json()
    assert [one["repo_id"] for one in listed["results"]] == ["acme/child"]
