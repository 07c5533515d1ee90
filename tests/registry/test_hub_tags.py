"""The tags by which lists of the Hub protocol find a model follow its head and its curators."""

from __future__ import annotations

import pytest

from registry.hub_tags import hub_tags, pipeline_tag
from registry.models import Model, Tag
from registry.services.judging import RULES, judge_again, judge_anew
from tests.factories.registry import VersionFactory
from tests.registry.admin_rows import curator, superuser
from tests.registry.test_admin_changes import change

__all__ = ["curator", "superuser"]
FACTS = {
    "source_tags": ["pytorch", "license:mit", "arxiv:1910.01108", "en"],
    "library_name": "transformers",
    "pipeline_tag": "fill-mask",
}


@pytest.mark.parametrize(
    ("facts", "values", "tags"),
    [
        ({}, {}, []),
        (
            FACTS,
            {"spdx": "MIT", "languages": ["en", "de"], "own": ["ours", "pytorch"]},
            [*FACTS["source_tags"], "transformers", "fill-mask", "de", "ours"],
        ),
        ({}, {"spdx": "Apache-2.0"}, ["license:apache-2.0"]),
        ({}, {"spdx": "MIT OR Apache-2.0"}, []),
        ({"source_tags": ["x" * 201, 7, None, "y"], "library_name": 3}, {}, ["y"]),
        ({"source_tags": "word", "pipeline_tag": ["a"]}, {}, []),
    ],
)
def test_every_tag_is_told_once(facts, values, tags):
    assert hub_tags(facts, **{"spdx": "", "languages": [], "own": [], **values}) == tags


@pytest.mark.parametrize(
    ("told", "task"), [("fill-mask", "fill-mask"), (None, ""), (["a"], ""), ("x" * 65, "")]
)
def test_a_task_is_a_word_of_the_source(told, task):
    assert pipeline_tag({"pipeline_tag": told}) == task


def tags_of(model):
    return Model.objects.values_list("hub_tags", flat=True).get(pk=model.pk)


@pytest.mark.django_db
def test_a_model_tells_the_tags_of_its_head():
    first = VersionFactory(facts=FACTS, license_spdx="MIT")
    model = Model.objects.get(pk=first.model_id)
    assert (model.hub_tags[:2], model.pipeline_tag) == (["pytorch", "license:mit"], "fill-mask")
    VersionFactory(model=model, facts={}, license_spdx="Apache-2.0")
    model.refresh_from_db()
    assert (model.hub_tags, model.pipeline_tag) == (["license:apache-2.0"], "")


@pytest.mark.django_db
def test_a_model_of_before_is_told_its_tags_by_the_task():
    model = VersionFactory(facts={**FACTS, "likes": 7}, license_spdx="MIT").model
    Model.objects.update(hub_tags=[], pipeline_tag="", likes=0, judged_by=RULES - 1)
    assert judge_again() == 1
    model.refresh_from_db()
    assert "arxiv:1910.01108" in model.hub_tags
    assert (model.pipeline_tag, model.likes) == ("fill-mask", 7)


@pytest.mark.django_db
def test_tags_of_curators_follow_at_once_and_renamed_ones_with_the_task(curator):
    model, client = VersionFactory(license_spdx="").model, curator()
    tag = Tag.objects.create(name="ours")
    assert change(client, model, tags=[tag.pk]).status_code == 302
    assert tags_of(model) == ["ours"]
    answer = client.post(f"/admin/registry/tag/{tag.pk}/change/", {"name": "theirs"})
    assert answer.status_code == 302
    judge_again()
    assert tags_of(model) == ["theirs"]


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["one", "chosen"])
def test_a_tag_that_is_deleted_is_told_no_more(superuser, way):
    model = VersionFactory(license_spdx="").model
    tag = Tag.objects.create(name="ours")
    model.tags.add(tag)
    judge_anew(model)
    assert tags_of(model) == ["ours"]
    chosen = {"action": "delete_selected", "_selected_action": tag.pk, "post": "yes"}
    path = "/admin/registry/tag/"
    paths = {"one": (f"{path}{tag.pk}/delete/", {"post": "yes"}), "chosen": (path, chosen)}
    assert superuser.post(*paths[way]).status_code == 302
    judge_again()
    assert tags_of(model) == []
