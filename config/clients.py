"""Make an environment for each generation of Hub clients that is tried.

    python -m config.clients FOLDER [PACKAGE...]

Each lock in `requirements-clients/` is one. What is named beside is put into all of them, and what
is in a lock keeps its version: a client of another version would be another client.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Final

from config import bootstrap

LOCKS: Final = Path(__file__).parents[1] / "requirements-clients"
CLIENTS: Final = tuple(sorted(path.stem for path in LOCKS.glob("*.txt")))


def python_of(client: str, folder: Path) -> str:
    """Give the Python of a client below the folder; made anew where its lock changed."""
    place, lock = folder / client, LOCKS / f"{client}.txt"
    python, stamp = place / "bin" / "python", place / "installed"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _uv("venv", "-q", "--clear", "--python", sys.executable, str(place))
        _install(python, "--require-hashes", "-r", str(lock))
        stamp.write_text(wanted)
    return str(python)


def main(folder: str, *more: str) -> None:
    """Make all of them."""
    for client in CLIENTS:
        python = python_of(client, Path(folder))
        if more:
            _install(Path(python), "--constraint", str(LOCKS / f"{client}.txt"), *more)


def _install(python: Path, *words: str) -> None:
    _uv("pip", "install", "-q", "--python", str(python), *words)


def _uv(*words: str) -> None:
    environment = bootstrap.uv_environment()
    subprocess.run([bootstrap.UV, *words], env=environment, check=True)  # noqa: S603 ours


if __name__ == "__main__":
    main(*sys.argv[1:])
