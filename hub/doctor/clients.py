"""Run real clients against the address, each by its own Python and with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from hub.doctor.examination import Finding, judged
from hub.doctor.files import Sample
from hub.doctor.wire import Wire

SCRIPT: Final = Path(__file__).with_name("client.py")
_PATIENCE: Final = 600


def run_client(python: str, wire: Wire, sample: Sample) -> Finding:
    """Let the client of this Python fetch a file; give its own words where it cannot."""
    try:
        done = _run(python, wire, sample)
        said = json.loads((done.stdout.splitlines() or ["null"])[-1])
        name, wrong = str(said["client"]), str(said["wrong"])
    except (OSError, subprocess.TimeoutExpired) as error:
        name, wrong = python, f"It did not run to its end: {error}"
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        name, wrong = python, f"It ended with {done.returncode} and said: {last}"
    return judged(name, wrong, words="client")


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
