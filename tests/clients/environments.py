"""The clients of these tests: the newest from where the tests run, or three generations.

`make test` runs the newest alone, as it is installed beside the yard. `make test-clients` makes an
environment below var/clients for each lock in requirements-clients/ and runs all of them there.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from config.settings.env import BASE_DIR

LOCKS = BASE_DIR / "requirements-clients"
ENVIRONMENTS = BASE_DIR / "var" / "clients"
NEWEST = "newest"
ALL = tuple(sorted(path.stem for path in LOCKS.glob("*.txt")))
CLIENTS = ALL if os.environ.get("RUN_CLIENTS") else (NEWEST,)


def python_of(client: str) -> str:
    """Give the Python of a client; an environment whose lock changed is made anew."""
    if client == NEWEST:
        return sys.executable
    folder, lock = ENVIRONMENTS / client, LOCKS / f"{client}.txt"
    python, stamp = folder / "bin" / "python", folder / "installed"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run(
            [uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder)], check=True
        )
        words = ["--python", str(python), "--require-hashes", "-r", str(lock)]
        subprocess.run([uv, "pip", "install", "-q", *words], check=True)
        stamp.write_text(wanted)
    return str(python)


def has(client: str, module: str) -> bool:
    """Tell whether this client has what is in no lock because it is large: torch and its like."""
    asked = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return subprocess.run([python_of(client), "-c", asked], check=False).returncode == 0


def main(*more: str) -> None:
    """Make all environments, and put into each what is named beside the lock.

    What is in the lock stays as it is: a client of another version would be another client.
    """
    uv = str(Path(sys.executable).with_name("uv"))
    for client in ALL:
        python = python_of(client)
        if more:
            words = ["--python", python, "--constraint", str(LOCKS / f"{client}.txt"), *more]
            subprocess.run([uv, "pip", "install", "-q", *words], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
