"""Killing parts of a yard, and what must be true afterwards."""

from __future__ import annotations

import hashlib

from config.yard.services import wait_until
from tests.services.yard import PATIENCE

DOUBLES = {
    "models": "select source, repo_id from registry_model group by 1, 2 having count(*) > 1",
    "versions": "select model_id, commit from registry_modelversion group by 1, 2"
    " having count(*) > 1",
    "answers": "select version_id, gate from registry_gateresult group by 1, 2 having count(*) > 1",
    "runs": "select id from core_run where state in ('queued', 'running')",
}
ORPHANS = {
    "contents": "select sha256 from registry_content c where not exists"
    " (select from registry_modelfile f where f.content_id = c.sha256)",
    "scans": "select sha256 from scanning_scan s where not exists"
    " (select from registry_content c where c.sha256 = s.sha256)",
    "versions": "select commit from registry_modelversion where pinned_at is null",
}


def kill(process):
    process.kill()
    return process.pid


def back_again(yard, program, killed):
    """Wait until the supervisor has started the program anew."""

    def back():
        main = yard.running.main_of(program)
        return main is not None and main.pid != killed

    assert wait_until(back, seconds=PATIENCE), yard.running.said()[-6000:]


def digests_of(folder):
    """SHA-256 of every file by its path, however large the files are."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                found[str(path.relative_to(folder))] = hashlib.file_digest(
                    file, "sha256"
                ).hexdigest()
    return found


def check_one_admitted_version(yard, repo_id, folder):
    """The files of the folder, each stored byte by byte, in one version that is admitted."""
    versions = yard.rows(
        "select v.id, v.admission, v.lowest_tier, v.scan_verdict from registry_modelversion v"
        " join registry_model m on m.id = v.model_id where m.repo_id = %s",
        repo_id,
    )
    assert [row[1:] for row in versions] == [("admitted", "lite", "clean")]
    stored = yard.rows(
        "select f.path, c.sha256 from registry_modelfile f join registry_content c"
        " on c.sha256 = f.content_id where f.version_id = %s",
        versions[0][0],
    )
    assert len(stored) == len(dict(stored))
    assert dict(stored) == digests_of(folder)
    kept = digests_of(yard.state / "store" / "sha256")
    assert set(dict(stored).values()) <= set(kept.values())
    assert all(path.rpartition("/")[2] == digest for path, digest in kept.items())


def check_nothing_is_left_over(yard):
    """No row twice, no row without its owner, no file outside the store, the audit trail whole."""
    for name, query in {**DOUBLES, **ORPHANS}.items():
        assert yard.rows(query) == [], name
    contents = {row[0] for row in yard.rows("select sha256 from registry_content")}
    store = yard.state / "store"
    assert {path.name for path in (store / "sha256").rglob("*") if path.is_file()} == contents
    for folder in (store / "incoming", yard.state / "staging"):
        assert not _files_in(folder)
    # A worker that is back sweeps, and lets its engines look at their canaries meanwhile.
    scratch = yard.state / "scratch"
    assert wait_until(lambda: not _files_in(scratch), seconds=PATIENCE), _files_in(scratch)
    assert "whole" in yard.manage("check_audit")


def _files_in(folder):
    return [str(path) for path in folder.rglob("*") if path.is_file()]
