"""Run real clients against the address, each by its own Python and with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hub.doctor.examination import Finding, judged
from hub.doctor.files import Sample
from hub.doctor.wire import Wire

SCRIPT: Final = Path(__file__).with_name("client.py")
OWN: Final = " (own)"  # after the name of the one that the yard itself has
STARTS: Final = "start"  # what a client that did not run to its end failed at
_PATIENCE: Final = 600


def pythons(folder: Path, *more: str) -> list[str]:
    """The yard's own Python, those of the environments in the folder, and more, each once."""
    made = sorted(str(python) for python in folder.glob("*/bin/python"))
    return [*dict.fromkeys([sys.executable, *made, *more])]


def run_client(python: str, wire: Wire, sample: Sample) -> Finding:
    """Let the client of this Python do all that clients do; give its own words where it cannot."""
    try:
        done = _run(python, wire, sample)
        said = json.loads((done.stdout.splitlines() or ["null"])[-1])
        name = f"{said['client']}{OWN if python == sys.executable else ''}"
        asked = tuple((str(task), str(wrong)) for task, wrong in said["asked"])
    except (OSError, subprocess.TimeoutExpired) as error:
        name, asked = python, _not_started(f"It did not run to its end: {error}")
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        name, asked = python, _not_started(f"It ended with {done.returncode} and said: {last}")
    return judged(name, _sentence(asked), words="client", asked=asked)


def _not_started(why: str) -> tuple[tuple[str, str], ...]:
    return ((STARTS, why),)


def _sentence(asked: Iterable[tuple[str, str]]) -> str:
    return " ".join(
        wrong if task == STARTS else f"{task}: {wrong}" for task, wrong in asked if wrong
    )


def _run(python: str, wire: Wire, sample: Sample) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="hub-doctor-") as home:
        words = [sample.repo_id, sample.commit, sample.small]
        return subprocess.run(  # noqa: S603 the Python that the operator named
            [Path(python).absolute(), "-W", "ignore", SCRIPT, *words],
            cwd=home,
            env={
                "PATH": os.defpath,
                "HOME": home,
                "HF_ENDPOINT": wire.url,
                "HF_TOKEN": wire.key,
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            },
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
