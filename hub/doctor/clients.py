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
from hub.doctor.remedies import REMEDIES
from hub.doctor.wire import Wire

SCRIPT: Final = Path(__file__).with_name("client.py")
_PATIENCE: Final = 600


def run_client(python: str, wire: Wire, sample: Sample) -> Finding:
    """Let the client of this Python fetch a file; give its own words where it cannot."""
    with tempfile.TemporaryDirectory(prefix="hub-doctor-") as home:
        done = subprocess.run(  # noqa: S603 the Python that the operator named
            [python, "-W", "ignore", SCRIPT, sample.repo_id, sample.commit, sample.small],
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
    try:
        said = json.loads(done.stdout.splitlines()[-1])
        name, wrong = str(said["client"]), str(said["wrong"])
    except (ValueError, IndexError, KeyError, TypeError):
        last = done.stderr.strip().splitlines()[-1:] or ["nothing"]
        name, wrong = python, f"It ended with {done.returncode} and said: {last[0]}"
    return judged(name, wrong, remedy=REMEDIES["client"])
