"""What the source refuses and what no policy admits: right code, clear words, nothing moved."""

from __future__ import annotations

import pytest
from django.db import connection

from catalog.services.intake import retry_intake
from core import vault
from core.errors import InvalidInputError
from core.models import RunState
from registry.models import Model, ModelVersion
from tests.standins.repos import (
    DISABLED,
    EMPTY,
    GATED,
    NON_COMMERCIAL,
    PRIVATE,
    RENAMED,
    RENAMED_TO,
    STRANGER,
    TOKEN,
    TWIN,
    UNLICENSED,
    WAITING,
    apache_license,
)

WRONG = "hf_" + "z" * 34


def everything_kept() -> str:
    """All text of all tables, as one string."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')  # noqa: S608 own names
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def test_all_tables_are_searched(yard):
    yard.person()
    assert "person" in everything_kept()


@pytest.mark.parametrize(
    ("repo_id", "token", "code", "words"),
    [
        ("acme/nobody-has-this", "", "upstream_not_found", "does not exist, or is private. Look"),
        (
            "acme/nobody-has-this",
            TOKEN,
            "upstream_not_found",
            "does not exist, or this token may not see it.",
        ),
        (PRIVATE, "", "upstream_not_found", "import it with a token that may read it."),
        (PRIVATE, STRANGER, "upstream_not_found", "or this token may not see it."),
        (PRIVATE, WRONG, "upstream_forbidden", "does not accept the token: it is wrong or has"),
        (GATED, WRONG, "upstream_forbidden", "does not accept the token: it is wrong or has"),
        (DISABLED, "", "upstream_forbidden", "was disabled at its source."),
        (f"{RENAMED_TO}@nosuchbranch", "", "upstream_not_found", "has no revision nosuchbranch."),
        (EMPTY, "", "upstream_not_found", "has no files"),
    ],
)
def test_what_the_source_refuses_ends_the_run_with_words(yard, repo_id, token, code, words):
    run = yard.bring(repo_id, token=token)
    assert (run.state, run.error_code) == (RunState.FAILED, code)
    assert words in run.error
    assert repo_id.partition("@")[0] in run.error or "token" in run.error
    assert yard.states(run)["resolve"] == "failed"
    assert run.steps.get(name="resolve").message == run.error
    assert set(yard.states(run).values()) == {"failed", "waiting"}
    assert not Model.objects.exists()
    assert yard.staged() == []


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "is gated. Ask for access at"),
        (STRANGER, "is gated and the account of this token has no access."),
        (WAITING, "still waits for its authors"),
    ],
)
def test_a_gated_model_is_pinned_and_then_refused_with_the_way_on(yard, token, words):
    run = yard.bring(GATED, token=token)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_forbidden")
    assert words in run.error
    assert run.error_details["reason"] == "gated"
    assert yard.version(run).admission == "pending"
    assert not yard.version(run).files.filter(content__isnull=False).exists()
    assert yard.hub_status(GATED, "config.json") == 403
    assert yard.staged() == []


def test_a_renamed_model_is_kept_under_the_name_it_has_now(yard):
    version = yard.admit(RENAMED)
    assert version.model.repo_id == RENAMED_TO
    assert version.facts["moved_from"] == RENAMED
    assert yard.admit(RENAMED_TO) == version


def test_the_token_of_a_run_opens_a_gated_model_and_is_kept_nowhere(yard, caplog, capfd):
    caplog.set_level("DEBUG")
    run = yard.drive(yard.ask(GATED, token=TOKEN).run, until="fetch")
    assert TOKEN not in everything_kept()
    assert vault.recall(str(run.pk)) == TOKEN
    yard.drive(run)
    assert not yard.version(run).files.filter(content__isnull=True).exists()
    assert vault.recall(str(run.pk)) == ""
    weights = yard.upstream.log("cdn")
    assert weights
    assert not any("Authorization" in entry["headers"] for entry in weights)
    out, err = capfd.readouterr()
    for place in (everything_kept(), caplog.text, out, err):
        assert TOKEN not in place
        assert "Signature=" not in place


def test_the_token_of_a_failed_run_is_forgotten_too(yard):
    run = yard.bring(PRIVATE, token=STRANGER)
    assert run.state == RunState.FAILED
    assert vault.recall(str(run.pk)) == ""


def test_a_model_that_opened_meanwhile_is_brought_by_trying_again(yard):
    ann = yard.person()
    run = yard.bring(GATED, caller=ann)
    assert run.state == RunState.FAILED
    yard.upstream.repos.llm(GATED, meta={})
    yard.upstream.reload()
    retry_intake(caller=ann, run=run)
    yard.drive(run)
    assert (run.state, run.error_code, run.error) == (RunState.DONE, "", "")
    assert yard.version(run).admission == "admitted"


@pytest.mark.parametrize(
    "text",
    ["", "two words", "../etc/passwd", "a/b/c", "acme/new-name@two words", "x" * 4000, "acme/\0"],
)
def test_what_names_no_model_is_refused_before_a_run_starts(yard, text):
    with pytest.raises(InvalidInputError):
        yard.ask(text)
    assert yard.upstream.log() == []


@pytest.mark.parametrize(
    "words",
    [
        {"repo_id": "a/" + "b" * 300},
        {"repo_id": "acme/new-name", "revision": "r" * 300},
        {"repo_id": "acme/new\0name"},
        {"repo_id": "acme/new-name", "source": "nowhere"},
    ],
)
def test_words_that_no_source_understands_are_refused_before_a_run_starts(yard, words):
    with pytest.raises(InvalidInputError):
        yard.ask("", **words)


def test_no_byte_of_weights_moves_when_no_policy_could_admit_it(yard):
    run = yard.bring(UNLICENSED)
    version = yard.version(run)
    assert run.state == RunState.DONE
    skipped = dict.fromkeys(("fetch", "verify", "scan"), "skipped")
    assert yard.states(run) == dict.fromkeys(yard.states(run), "done") | skipped
    assert run.result["admission"] == "held"
    assert (version.admission, version.license_class) == ("held", "unknown")
    assert not version.files.filter(content__isnull=False).exists()
    weights = [entry for entry in yard.upstream.log("cdn") if entry["method"] == "GET"]
    assert weights, "the header is read"
    assert all("Range" in entry["headers"] for entry in weights)
    assert yard.hub_status(UNLICENSED, "config.json") == 403


def licensed(yard, tag, files=None):
    yard.upstream.repos.repo(
        "acme/licensed",
        {"README.md": f"---\nlicense: {tag}\n---\nText.\n", "config.json": "{}"} | (files or {}),
    )
    yard.upstream.reload()
    return yard.version(yard.bring("acme/licensed"))


@pytest.mark.parametrize(
    ("tag", "license_class", "tier"),
    [
        ("apache-2.0", "permissive", "lite"),
        ("gpl-3.0", "copyleft", "standard"),
        ("cc-by-nc-4.0", "non-commercial", "professional"),
    ],
)
def test_the_license_decides_the_lowest_tier(yard, tag, license_class, tier):
    version = licensed(yard, tag)
    assert (version.license_class, version.lowest_tier) == (license_class, tier)
    assert (version.admission, version.model.tier) == ("admitted", tier)


@pytest.mark.parametrize("tag", ["other", "unknown", "no-such-license"])
def test_a_license_that_nobody_knows_is_held(yard, tag):
    version = licensed(yard, tag)
    assert (version.admission, version.lowest_tier) == ("held", "")
    assert version.gates.get(gate="license").outcome == "unknown"


def test_a_card_and_a_file_that_differ_are_held_with_both_names(yard):
    version = licensed(yard, "mit", {"LICENSE": apache_license()})
    assert version.admission == "held"
    reason = version.gates.get(gate="license").reason
    assert "MIT" in reason
    assert "Apache-2.0" in reason


def test_a_non_commercial_model_is_hidden_from_lower_tiers(yard):
    yard.admit(NON_COMMERCIAL)
    statuses = {
        tier: yard.hub_status(NON_COMMERCIAL, "config.json", tier=tier)
        for tier in ("lite", "standard", "professional")
    }
    assert statuses == {"lite": 404, "standard": 404, "professional": 200}


def test_a_malicious_pickle_is_held_with_the_reason(yard):
    run = yard.bring(TWIN)
    version = yard.version(run)
    assert (run.state, run.result["admission"]) == (RunState.DONE, "held")
    assert (version.admission, version.scan_verdict) == ("held", "unsafe")
    gate = version.gates.get(gate="malware")
    assert gate.outcome == "failed"
    assert "pytorch_model.bin" in gate.reason
    assert "system" in gate.reason
    assert yard.hub_status(TWIN, "pytorch_model.bin") == 403
    assert ModelVersion.objects.filter(admission="admitted").count() == 0
