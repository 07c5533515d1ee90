"""The dry run: what a model is and what would be decided; nothing moves, no row changes."""

from __future__ import annotations

import pytest
from django.db import connection

from catalog.services.dry_run import dry_run, to_context
from core.errors import (
    InvalidInputError,
    NotPermittedError,
    UpstreamNotFoundError,
    UpstreamRateLimitError,
)
from registry.callers import NOBODY
from registry.models import Policy
from tests.standins.repos import (
    BAD_JSON,
    EMPTY,
    GATED,
    MANY_FILES,
    MINILM,
    NON_COMMERCIAL,
    PRIVATE,
    RENAMED,
    RENAMED_TO,
    STRANGER,
    TOKEN,
    TWIN,
    UNLICENSED,
    many_files,
    minilm,
)


def rows() -> dict[str, int]:
    """How many rows each table has."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 own names
            found[table] = cursor.fetchone()[0]
    return found


def test_a_real_model_is_foretold_and_nothing_is_written(make_yard, start_upstream):
    yard = make_yard(start_upstream(minilm))
    ann, before = yard.person(), rows()
    before = rows()
    found = dry_run(caller=ann, text=MINILM)
    assert rows() == before
    assert yard.staged() == []
    assert list(yard.store.iter_keys()) == []
    assert (found.decision.admission, found.decision.lowest_tier) == ("admitted", "lite")
    assert (found.license_spdx, found.license_class) == ("Apache-2.0", "permissive")
    context = to_context(found)
    assert context["num_params"] == 22713216
    assert context["commit"] == yard.upstream.commit(MINILM)
    assert context["size_bytes"] > 90_000_000
    assert sum(entry["sent"] for entry in yard.upstream.log()) < 1_000_000


@pytest.mark.parametrize("repo_id", [RENAMED_TO, NON_COMMERCIAL, UNLICENSED, TWIN, BAD_JSON])
def test_what_it_foretells_is_what_happens_unless_the_scan_finds_something(yard, repo_id):
    foretold = dry_run(caller=yard.person(), text=repo_id)
    run = yard.bring(repo_id)
    version = yard.version(run)
    assert foretold.listing.commit == version.commit
    assert foretold.license_class == version.license_class
    assert foretold.inspected.config == version.config
    if version.scan_verdict in {"clean", ""}:
        assert foretold.decision.admission == version.admission
        assert foretold.decision.lowest_tier == version.lowest_tier
    else:
        assert (foretold.decision.admission, version.admission) == ("admitted", "held")


@pytest.mark.parametrize(
    ("text", "token", "error", "words"),
    [
        ("acme/nobody", "", UpstreamNotFoundError, "Look at the spelling"),
        (PRIVATE, "", UpstreamNotFoundError, "with a token that may read it"),
        (PRIVATE, STRANGER, UpstreamNotFoundError, "this token may not see it"),
        (EMPTY, "", UpstreamNotFoundError, "has no files"),
        ("no model", "", InvalidInputError, "names no model"),
    ],
)
def test_a_refusal_is_said_in_the_same_words_as_by_the_import(yard, text, token, error, words):
    before = rows()
    ann = yard.person()
    with pytest.raises(error, match=words):
        dry_run(caller=ann, text=text, token=token)
    changed = {table for table, count in rows().items() if count != before[table]}
    assert changed <= {"registry_user", "registry_user_groups", "auth_group"}


def test_a_gated_model_is_told_as_far_as_it_is_public(yard):
    found = dry_run(caller=yard.person(), text=GATED)
    assert to_context(found)["gated"]
    assert "is gated. Ask for access at" in found.inspected.problems[0]
    opened = dry_run(caller=yard.person(), text=GATED, token=TOKEN)
    assert opened.inspected.problems == ()


def test_a_token_is_used_for_this_look_alone(yard):
    assert dry_run(caller=yard.person(), text=PRIVATE, token=TOKEN).inspected.problems == ()
    with pytest.raises(UpstreamNotFoundError):
        dry_run(caller=yard.person(), text=PRIVATE)


def test_a_renamed_model_is_named_as_it_is_now(yard):
    found = dry_run(caller=yard.person(), text=RENAMED)
    assert to_context(found)["repo_id"] == RENAMED_TO
    assert found.listing.moved_from == RENAMED


def test_a_limit_of_the_source_is_said_at_once(yard):
    limit = {"match": "GET", "status": 429, "headers": {"Retry-After": "600"}}
    yard.upstream.config(inject=[limit])
    with pytest.raises(UpstreamRateLimitError, match="again in 600 s"):
        dry_run(caller=yard.person(), text=RENAMED_TO)
    assert yard.slept == []


def test_who_may_not_ask_may_not_look(yard):
    with pytest.raises(NotPermittedError):
        dry_run(caller=NOBODY, text=RENAMED_TO)
    assert yard.upstream.log() == []


def test_what_is_here_is_told_to_whom_may_know_it_alone(yard):
    version = yard.admit(NON_COMMERCIAL)
    assert dry_run(caller=yard.person(), text=NON_COMMERCIAL).existing == version
    assert dry_run(caller=yard.person(tier="lite"), text=NON_COMMERCIAL).existing is None


def test_a_policy_that_changed_changes_what_is_foretold(yard):
    Policy.objects.filter(tier="lite").update(is_active=False)
    gates = Policy.objects.get(tier="lite").gates
    Policy.objects.create(tier="lite", number=2, gates=gates, limits={"max_bytes": 10})
    found = dry_run(caller=yard.person(), text=RENAMED_TO)
    assert found.decision.lowest_tier == "standard"
    lite = found.decision.tiers[0]
    assert [reason.gate for reason in lite.blockers] == ["max_bytes"]


def test_ten_thousand_files_are_foretold(make_yard, start_upstream):
    yard = make_yard(start_upstream(many_files))
    found = dry_run(caller=yard.person(), text=MANY_FILES)
    assert to_context(found)["file_count"] == 10_000
    assert len(yard.upstream.log()) < 25
