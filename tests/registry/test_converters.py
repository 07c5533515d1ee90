from __future__ import annotations

import re

import pytest
from django.urls import resolve, reverse
from django.urls.exceptions import NoReverseMatch, Resolver404

from registry.converters import ModelSlug
from registry.models import Model
from registry.services.versions import slug_of


@pytest.mark.parametrize("slug", ["a", "org--name", "llama-3.1-8b", "x_y", "0", "a..b", "a" * 220])
def test_a_public_id_goes_into_an_address_and_back(slug):
    address = reverse("catalog:model", args=[slug])
    assert resolve(address).kwargs == {"slug": slug}
    assert resolve(f"/api/v1/models/{slug}").kwargs == {"slug": slug}


@pytest.mark.parametrize("slug", ["", "-a", ".a", "..", "A", "a b", "a%2Fb", "a/b", "ä", "a\n"])
def test_nothing_else_is_one(slug):
    with pytest.raises(NoReverseMatch):
        reverse("catalog:model", args=[slug])
    with pytest.raises(Resolver404):
        resolve(f"/api/v1/models/{slug}")


@pytest.mark.parametrize(
    "repo_id",
    ["org/Name", "Org/na me", "ÄÖ/ü", "-/-", "a/../b", "x" * 200, "org/a.b_c-d", "模型/模型", "/"],
)
def test_every_name_of_a_source_becomes_one(repo_id):
    assert re.fullmatch(ModelSlug.regex, slug_of("huggingface", repo_id))
    assert re.fullmatch(ModelSlug.regex, slug_of("disk", repo_id))


def test_the_address_and_the_table_agree_on_the_form():
    constraint = next(c for c in Model._meta.constraints if c.name == "model_slug_form")
    assert dict(constraint.condition.children) == {"slug__regex": f"^{ModelSlug.regex}$"}
