"""A new signature finds a published file; the worker is killed in each step; all ends well."""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack

import psutil
import pytest

from config.yard.services import wait_until
from scanning.scanners import ClamdAddress
from tests.e2e.aftermath import back_again, check_nothing_is_left_over, kill
from tests.e2e.holds import LOCKS, RESCAN_STEPS, locked, reached, worker_of
from tests.e2e.models import random_model
from tests.e2e.yard import running_yard
from tests.scanning.clamd import publish_signatures
from tests.services.yard import PATIENCE

REPO = "acme/found-later"
RUNS = "select id from core_run where kind = 'rescan' order by created_at desc limit 1"
STATES = (
    "select v.admission, v.scan_verdict from registry_modelversion v"
    " join registry_model m on m.id = v.model_id where m.repo_id = %s"
)
TOLD = (
    "select n.kind, u.username, count(*) from registry_receipt r"
    " join registry_notice n on n.id = r.notice_id join registry_user u on u.id = r.user_id"
    " group by 1, 2 order by 2"
)


@pytest.fixture(scope="module")
def watchful(upstream):
    """A yard that looks for new engines all the time."""
    with running_yard(upstream, RESCAN_INTERVAL="1") as running:
        if not running.has_clamd:
            pytest.skip("clamd is not installed")
        yield running


def pass_through(yard, content):
    """Publish a signature of a content and kill the worker in each step that follows."""
    with ExitStack() as stack:
        current = stack.enter_context(ExitStack())
        current.enter_context(locked(yard, LOCKS[RESCAN_STEPS[0]]))
        publish_signatures(
            _clamd_of(yard),
            27501,
            content,
            database=yard.state / "clamav" / "database",
        )
        assert wait_until(lambda: bool(yard.rows(RUNS)), seconds=PATIENCE), yard.running.said()
        workflow = str(yard.rows(RUNS)[0][0])
        for step, after in itertools.zip_longest(RESCAN_STEPS, RESCAN_STEPS[1:]):
            pid = reached(yard, workflow, step)
            following = stack.enter_context(ExitStack())
            back_again(yard, worker_of(step), kill(psutil.Process(pid)))
            if after:
                following.enter_context(locked(yard, LOCKS[after]))
            current.close()
            current = following
        return workflow


def test_a_published_file_that_is_found_later_is_withdrawn_whatever_is_killed(
    watchful, upstream, tmp_path
):
    yard = watchful
    folder = random_model(upstream.repos, REPO)
    upstream.reload()
    lena = yard.person("lena", tier="lite", role="viewer")
    cora = yard.person("cora", tier="professional", role="curator")
    assert yard.bring(lena, REPO)["state"] == "done"
    yard.pull(lena, tmp_path, REPO)
    assert yard.rows(STATES, REPO) == [("admitted", "clean")]
    workflow = pass_through(yard, (folder / "config.json").read_bytes())
    document = yard.follow(cora, workflow)
    assert document["state"] == "done", document
    claims = dict(yard.rows("select name, claims from core_runstep where run_id = %s", workflow))
    assert all(claims[step] >= 2 for step in RESCAN_STEPS), claims
    assert yard.rows(STATES, REPO) == [("held", "unsafe")]
    assert yard.rows(TOLD) == [("held", name, 1) for name in ("admin", "cora", "lena")]
    (tmp_path / "again").mkdir()
    refused = yard.client(lena, tmp_path / "again", "snapshot", REPO)
    assert refused.returncode == 3, refused.stderr
    assert "Yard.Test.Daily0" in refused.stdout + refused.stderr
    with yard.api(lena) as client:
        (notice,) = client.get("/api/v1/notices").raise_for_status().json()["results"]
    assert "Yard.Test.Daily0" in notice["reason"]
    check_nothing_is_left_over(yard)


def _clamd_of(yard):
    told = json.loads((yard.state / "run" / "services.json").read_text())
    return ClamdAddress(socket=told["CLAMD_SOCKET"])
