"""Scratch folders go with their process; children of a worker that is killed go with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from core.scratch import scratch_folder, sweep_scratch

PARENT = """
import sys, time
from pathlib import Path
from core.sandbox.limits import Limits
from core.sandbox import run as running
from core.sandbox.run import Job, run
from core.scratch import scratch_folder
real = running.environment
running.environment = lambda scratch: {**real(scratch), "PYTHONPATH": PLACES}
with scratch_folder(Path(sys.argv[1]), "work-") as folder:
    (folder / "content").write_bytes(b"x")
    job = Job(module="sleeping_child", title="it", read=str, scratch=folder, limits=Limits())
    run(job, ["a"])
"""
CHILD = """
import time
from core.sandbox.inside import serve
serve(lambda setup: lambda item: time.sleep(600))
"""
PATIENCE = 60


def test_a_folder_is_gone_after_its_use(tmp_path):
    with scratch_folder(tmp_path, "work-") as folder:
        (folder / "x").touch()
        assert sweep_scratch(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_was_left_behind_is_removed(tmp_path):
    (tmp_path / "left" / "deep").mkdir(parents=True)
    (tmp_path / "left" / "deep" / "x").touch()
    (tmp_path / "link").symlink_to(tmp_path / "left")
    (tmp_path / "file").touch()
    assert sweep_scratch(tmp_path) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"link", "file"}
    assert sweep_scratch(tmp_path / "none") == 0


def test_a_folder_that_is_being_made_is_never_swept(tmp_path):
    swept: list[int] = []
    done = threading.Event()

    def sweep() -> None:
        while not done.is_set():
            swept.append(sweep_scratch(tmp_path))

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(2000):
            with scratch_folder(tmp_path, "work-") as folder:
                (folder / "x").touch()
    finally:
        done.set()
        sweeper.join()
    assert (sum(swept), list(tmp_path.iterdir())) == (0, [])


def test_who_is_killed_leaves_no_child_at_work_and_no_folder_for_good(tmp_path):
    own = tmp_path / "code"
    own.mkdir()
    (own / "sleeping_child.py").write_text(CHILD)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    root = Path(__file__).resolve().parents[2]
    code = PARENT.replace("PLACES", repr(f"{root}:{own}"))
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(scratch)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    try:
        children = _wait(lambda: psutil.Process(parent.pid).children(recursive=True))
        _wait(lambda: list(scratch.glob("work-*/content")))
        time.sleep(1)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        gone, alive = psutil.wait_procs(children, timeout=PATIENCE)
        assert (len(gone), alive) == (len(children), [])
        assert sweep_scratch(scratch) == 1
    finally:
        parent.kill()


def _wait(found):
    until = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return value
