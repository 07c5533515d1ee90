"""Environments of clients are made by one command, in a shell that knows nothing of the yard."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from config import bootstrap, clients


def test_every_lock_is_an_environment_and_nothing_is_made_twice(tmp_path, monkeypatch):
    asked = []

    def uv(*words: str) -> None:
        asked.append(words)
        if words[0] == "venv":
            Path(words[-1]).mkdir()

    monkeypatch.setattr(clients, "_uv", uv)
    clients.main(str(tmp_path))
    made = [words[-1] for words in asked if words[0] == "venv"]
    assert made == [str(tmp_path / client) for client in clients.CLIENTS]
    assert len(made) == 3
    asked.clear()
    clients.main(str(tmp_path), "torch")
    assert {words[:2] for words in asked} == {("pip", "install")}
    assert all("--constraint" in words and words[-1] == "torch" for words in asked)


def test_the_command_needs_no_settings(tmp_path):
    """With locks of its own that name nothing, it makes an environment with the uv of the yard."""
    program = """
import pathlib, sys
from config import clients
clients.LOCKS = pathlib.Path(sys.argv[1])
print(clients.python_of("none", pathlib.Path(sys.argv[2])))
"""
    (tmp_path / "none.txt").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(tmp_path / "made")],
        cwd=bootstrap.ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert subprocess.run([done.stdout.strip(), "-c", "import pip"], check=False).returncode == 1
