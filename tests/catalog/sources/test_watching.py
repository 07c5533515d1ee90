from __future__ import annotations

import pytest

from catalog import upstreams
from catalog.sources.base import ModelRef
from core.errors import UpstreamError, UpstreamForbiddenError, UpstreamNotFoundError
from tests.standins.repos import DISABLED, GATED, MOVING, PRIVATE, RENAMED, RENAMED_TO


@pytest.fixture
def source(upstream, settings):
    settings.HF_ENDPOINT, settings.HF_TOKEN = upstream.url, ""
    with upstreams.watched_source("huggingface") as source:
        yield source


def test_a_glance_is_one_small_answer_and_costs_nothing_while_nothing_is_new(source, upstream):
    first = source.glance(RENAMED_TO)
    assert (first.repo_id, first.commit) == (RENAMED_TO, upstream.commit(RENAMED_TO))
    assert (first.gated, first.private, first.license) == ("", False, "apache-2.0")
    upstream.reset()
    assert source.glance(RENAMED_TO, etag=first.etag) is None
    (asked,) = upstream.log()
    assert (asked["status"], asked["sent"]) == (304, 0)
    upstream.push(RENAMED_TO, {"README.md": "---\nlicense: mit\n---\n"})
    second = source.glance(RENAMED_TO, etag=first.etag)
    assert (second.commit, second.license) == (upstream.commit(RENAMED_TO), "mit")


def test_a_hub_without_etags_is_read_anew_each_time(source, upstream):
    upstream.config(api_etag=False)
    first = source.glance(RENAMED_TO)
    assert first.etag == ""
    assert source.glance(RENAMED_TO, etag=first.etag) == first


def test_a_renamed_model_is_found_under_its_new_name(source):
    assert source.glance(RENAMED).repo_id == RENAMED_TO


@pytest.mark.parametrize(
    ("name", "revision"),
    [(MOVING, None), (MOVING, "main"), (MOVING, "refs/heads/main"), (MOVING, "v1"), (GATED, None)],
)
def test_a_moving_name_is_pinned_by_one_request(source, upstream, name, revision):
    ref = ModelRef("huggingface", name, revision)
    found = source.name_commit(ref)
    assert len(upstream.log()) == 1
    assert found == source.resolve(ref).ref
    assert found.repo_id == name


def test_a_renamed_model_is_pinned_under_its_new_name(source, upstream):
    found = source.name_commit(ModelRef("huggingface", RENAMED))
    assert found == ModelRef("huggingface", RENAMED_TO, upstream.commit(RENAMED_TO))


@pytest.mark.parametrize(("name", "revision"), [(PRIVATE, None), ("a/b", None), (MOVING, "none")])
def test_what_is_not_there_is_not_pinned(source, name, revision):
    with pytest.raises(UpstreamNotFoundError):
        source.name_commit(ModelRef("huggingface", name, revision))


def test_gating_shows_and_what_is_hidden_or_disabled_is_refused(source):
    assert source.glance(GATED).gated == "manual"
    with pytest.raises(UpstreamNotFoundError):
        source.glance(PRIVATE)
    with pytest.raises(UpstreamForbiddenError) as refused:
        source.glance(DISABLED)
    assert refused.value.details["reason"] == "disabled"


def test_a_commit_is_known_until_it_is_gone(source, upstream):
    old = upstream.commit(MOVING)
    upstream.push(MOVING, {"config.json": {"model_type": "bert"}}, onto=None)
    assert source.knows(MOVING, old)
    upstream.forget(MOVING, old)
    assert not source.knows(MOVING, old)
    with pytest.raises(UpstreamNotFoundError):
        source.knows(PRIVATE, old)


def test_a_history_is_walked_page_by_page_until_what_is_looked_for(source, upstream):
    first = upstream.commit(RENAMED_TO)
    for number in range(5):
        last = upstream.push(RENAMED_TO, {"README.md": f"{number}\n"})
    whole = source.lineage(RENAMED_TO, last, until="0" * 40, most=100)
    assert (len(whole.commits), whole.is_whole) == (6, True)
    assert (whole.holds(first), whole.holds("0" * 40)) == (True, False)


def test_a_walk_that_ends_early_does_not_say_no(source, upstream, monkeypatch):
    monkeypatch.setattr("catalog.sources.hf.watching.PAGE", 2)
    commits = [upstream.commit(RENAMED_TO)]
    commits += [upstream.push(RENAMED_TO, {"README.md": f"{n}\n"}) for n in range(6)]
    short = source.lineage(RENAMED_TO, commits[-1], until="0" * 40, most=3)
    assert (len(short.commits), short.is_whole) == (4, False)
    assert short.holds(commits[0]) is None
    found = source.lineage(RENAMED_TO, commits[-1], until=commits[3], most=100)
    assert found.holds(commits[3])
    assert found.holds(commits[0]) is None


def test_a_rewritten_history_does_not_hold_what_was_there(source, upstream):
    old = upstream.commit(MOVING)
    new = upstream.push(MOVING, {"config.json": {"model_type": "bert"}}, onto=0)
    assert source.lineage(MOVING, new, until=old, most=100).holds(old) is False


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 1, "sha": "x"}', b"<html>"])
def test_an_answer_that_cannot_be_read_is_no_news(source, upstream, body):
    upstream.config(inject=[{"match": "GET /api/models", "status": 200, "body": body.decode()}])
    with pytest.raises(UpstreamError):
        source.glance(RENAMED_TO)
