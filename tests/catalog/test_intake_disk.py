"""A folder of this machine goes through the same gates as a model from elsewhere."""

from __future__ import annotations

import json
import os

import pytest

from catalog.services.dry_run import dry_run
from core.errors import ConflictError, NotPermittedError
from core.models import RunState
from registry.models import Content, Model
from tests.factories.registry import ModelFactory
from tests.standins.repos import TINY_CONFIG, tiny_safetensors

MIT = "---\nlicense: mit\n---\nA model.\n"


@pytest.fixture
def folder(yard):
    one = yard.folder / "models" / "acme" / "one"
    one.mkdir(parents=True)
    (one / "README.md").write_text(MIT)
    (one / "config.json").write_text(json.dumps(TINY_CONFIG))
    (one / "model.safetensors").write_bytes(tiny_safetensors({"w": ("F32", [2])}))
    return one


@pytest.fixture
def operator(yard):
    return yard.person(role="operator")


def test_a_folder_is_admitted_with_its_papers(yard, folder, operator):
    version = yard.admit("disk:acme/one", caller=operator)
    model = version.model
    assert (model.source, model.repo_id, model.slug) == ("disk", "acme/one", "disk--acme--one")
    assert (version.license_spdx, version.scan_verdict) == ("MIT", "clean")
    assert {gate.gate: gate.outcome for gate in version.gates.all()}["source"] == "passed"
    for file in version.files.all():
        stored = yard.store.local_path(file.sha256)
        assert stored.read_bytes() == (folder / file.path).read_bytes()
        assert stored.stat().st_ino != (folder / file.path).stat().st_ino
    assert yard.staged() == []


def test_a_changed_folder_is_a_second_version_and_only_what_changed_is_stored(
    yard, folder, operator
):
    first = yard.admit("disk:acme/one", caller=operator)
    before = Content.objects.count()
    (folder / "README.md").write_text(MIT + "\nMore.\n")
    second = yard.admit("disk:acme/one", caller=operator)
    assert (second.number, second.parent) == (2, first)
    assert Content.objects.count() == before + 1
    assert Model.objects.get().head == second


def test_a_file_that_changes_before_it_is_fetched_ends_the_run_with_the_reason(
    yard, folder, operator
):
    run = yard.drive(yard.ask("disk:acme/one", caller=operator).run, until="fetch")
    (folder / "model.safetensors").write_bytes(tiny_safetensors({"v": ("F32", [3])}))
    run = yard.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "source_changed")
    assert "import it again" in run.error
    assert Content.objects.count() == 0
    assert yard.admit("disk:acme/one", caller=operator).number == 2


def test_bytes_that_change_behind_an_unchanged_stamp_are_not_stored(yard, folder, operator):
    run = yard.drive(yard.ask("disk:acme/one", caller=operator).run, until="fetch")
    path, fresh = folder / "model.safetensors", tiny_safetensors({"w": ("F32", [2])})
    before = path.stat()
    with path.open("r+b") as file:
        file.write(fresh[:-1] + bytes([fresh[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    run = yard.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "integrity_mismatch")
    assert yard.version(run).admission == "held"


def test_viewers_do_not_name_what_is_on_this_machine(yard, folder):
    for look in (lambda who: yard.ask("disk:acme/one", caller=who), _dry):
        with pytest.raises(NotPermittedError, match="operators and curators"):
            look(yard.person())


def _dry(caller):
    return dry_run(caller=caller, text="disk:acme/one")


def test_the_dry_run_shows_the_folder(yard, folder, operator):
    run = _dry(operator)
    assert (len(run.listing.files), run.license_spdx) == (3, "MIT")
    assert run.decision.lowest_tier == "lite"


def test_the_dry_run_of_what_was_not_read_yet_does_not_keep_anybody_waiting(
    yard, folder, operator, monkeypatch
):
    monkeypatch.setattr("catalog.upstreams.MOST_UNREAD", 10)
    with pytest.raises(ConflictError, match="Look again later"):
        _dry(operator)
    yard.admit("disk:acme/one", caller=operator)
    assert _dry(operator).existing is not None


def test_hub_clients_get_an_admitted_folder_unless_the_hub_has_that_name(yard, folder, operator):
    yard.admit("disk:acme/one", caller=operator)
    assert yard.hub_status("acme/one", "config.json", tier="lite") == 200
    assert yard.hub_status("acme/one", "gone.json", tier="lite") == 404
    ModelFactory(source="huggingface", repo_id="acme/one", tier="professional")
    for tier in ("lite", "professional"):
        assert yard.hub_status("acme/one", "config.json", tier=tier) != 200
