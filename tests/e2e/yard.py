"""A whole yard beside its own upstream, with people, keys and the clients that they use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psycopg

from config.yard.launch import end, marked
from config.yard.places import SHORT_BASE
from config.yard.services import wait_until
from config.yard.tools import find
from tests.e2e.upstream import Upstream
from tests.scanning.clamd import write_signatures
from tests.services.ports import free_port
from tests.services.yard import PATIENCE, RunningYard

LEASE = 5
SWEEP = 1.5
ENDED = ("done", "failed", "cancelled")
_FIRST_RUN = """
SELECT run.id FROM core_run run JOIN catalog_intake intake ON intake.run_id = run.id
WHERE intake.repo_id = %s ORDER BY run.created_at LIMIT 1
"""
_SCOPES = {"viewer": "read,request", "operator": "read,operate"}
MAKE_PERSON = """
from django.contrib.auth.models import Group
from registry.models import User
user = User.objects.create_user({name!r}, password={password!r}, tier={tier!r})
user.groups.add(Group.objects.get(name={role!r}))
"""


@dataclass(frozen=True)
class Person:
    """Someone with an account, and a key for scripts."""

    name: str
    password: str
    tier: str
    key: str


class Yard:
    """One running yard as its users and operators meet it."""

    def __init__(self, running: RunningYard, upstream: Upstream) -> None:
        self.running = running
        self.upstream = upstream
        self.base = f"http://localhost:{running.port}"
        self.has_clamd = bool(find("clamd"))
        self.has_aria2 = bool(find("aria2c"))
        self.slugs: dict[str, str] = {}

    @property
    def state(self) -> Path:
        return self.running.state

    def person(self, name: str, *, tier: str, role: str) -> Person:
        """Make an account by the shell and a key by the command that people use."""
        password = f"a long password of {name}"
        code = MAKE_PERSON.format(name=name, password=password, tier=tier, role=role)
        self.manage("shell", "--command", code)
        scopes = _SCOPES.get(role, "read,request,curate")
        key = self.manage("create_key", name, "--scopes", scopes, "--tier", tier).strip()
        return Person(name, password, tier, key)

    def manage(self, *words: str) -> str:
        done = self.running.manage(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def database(self) -> str:
        """The address of the embedded PostgreSQL, as commands beside the yard find it."""
        told = json.loads((self.state / "run" / "services.json").read_text())
        return str(told["DATABASE_URL"])

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database(), autocommit=True) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def api(self, person: Person) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {person.key}"}
        return httpx2.Client(base_url=self.base, headers=headers, timeout=120)

    def extract(self, person: Person, repo_id: str, **more: object) -> str:
        """Ask for a model as a script does; give the id of the workflow.

        Where its record is here already, ask for it to be made anew.
        """
        given = {"provider_type": "hugging_face", "model_uri": repo_id, **more}
        with self.api(person) as client:
            answer = client.post("/model-info/extract", json=given)
            if answer.status_code == 200:
                answer = client.post("/model-info/extract", json={**given, "force": True})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["workflow_id"])

    def first_workflow(self, repo_id: str) -> str:
        """Name the run that brought a model in."""
        found = self.rows(_FIRST_RUN, repo_id)
        return str(found[0][0])

    def follow(self, person: Person, workflow: str) -> dict[str, Any]:
        """Look at a workflow until it has ended; give its last document."""
        document: dict[str, Any] = {}

        def ended() -> bool:
            document.clear()
            try:
                with self.api(person) as client:
                    answer = client.get(f"/api/v1/workflows/{workflow}")
                    document.update(answer.raise_for_status().json())
            except httpx2.HTTPError:
                return False  # a web server that was killed is not back yet
            return document["state"] in ENDED

        assert wait_until(ended, seconds=PATIENCE), f"{document}\n{self.running.said()[-6000:]}"
        return document

    def bring(self, person: Person, repo_id: str) -> dict[str, Any]:
        """Import a model to the end of its run."""
        return self.follow(person, self.extract(person, repo_id))

    def slug_of(self, person: Person, repo_id: str) -> str:
        """Give the name of a model's page; whoever asks first brings the model in."""
        if repo_id not in self.slugs:
            document = self.bring(person, repo_id)
            assert document["state"] == "done", document
            self.slugs[repo_id] = document["links"]["model"].rpartition("/")[2]
        return self.slugs[repo_id]

    def client(self, person: Person, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Run tests/e2e/pull.py with nothing set but what the Keys page tells people to set."""
        return subprocess.run(
            [sys.executable, "-W", "ignore", str(Path(__file__).with_name("pull.py")), *words],
            cwd=home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "HF_ENDPOINT": f"{self.base}/hf",
                "HF_TOKEN": person.key,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def pull(self, person: Person, home: Path, repo_id: str) -> dict[str, bytes]:
        """Download a snapshot with the real client; give its files."""
        done = self.client(person, home, "snapshot", repo_id)
        assert done.returncode == 0, done.stderr
        return files_of(Path(done.stdout.strip()))


def files_of(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@contextmanager
def running_yard(upstream: Upstream, **settings: str) -> Iterator[Yard]:
    """Start a yard as a newcomer would; afterwards it is stopped and nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="yard-e2e-", dir=SHORT_BASE))
    signatures = folder / "state" / "clamav" / "signatures"
    signatures.parent.mkdir(parents=True)
    write_signatures(signatures)
    running = RunningYard(
        folder,
        port=free_port(),
        HF_ENDPOINT=upstream.url,
        UPSTREAM_ALLOW=urlsplit(upstream.cdn).netloc,
        RUN_LEASE=str(LEASE),
        SWEEP_INTERVAL=str(SWEEP),
        **settings,
    )
    try:
        running.wait_ready()
        yield Yard(running, upstream)
        assert running.stop() == 0, running.said()[-6000:]
        assert not marked(str(running.state)), "processes of the yard are left"
    finally:
        running.stop()
        end(marked(str(running.state)))
        shutil.rmtree(folder, ignore_errors=True)
