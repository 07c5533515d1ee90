"""What the clients meet: a yard in front of an upstream, its people, and what each was answered."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients.environments import python_of
from tests.clients.repositories import BRANCHED, RAISED, WITHDRAWN
from tests.e2e.models import digests
from tests.e2e.yard import Person, Yard, files_of
from tests.standins.repos import NON_COMMERCIAL

SCRIPT = Path(__file__).with_name("actions.py")
PATIENCE = 900
STRANGER = Person("stranger", "", "lite", "hf_" + "x" * 40)
NOBODY = Person("nobody", "", "lite", "")
Asked = tuple[str, Any]


@dataclass
class World:
    """Models are brought in when they are first asked about; answers are kept by client and key."""

    yard: Yard
    folder: Path
    cora: Person
    lena: Person
    sam: Person
    answers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def person(self, name: str) -> Person:
        people = {person.name: person for person in (self.cora, self.lena, self.sam)}
        return (people | {"stranger": STRANGER, "nobody": NOBODY})[name]

    def bring(self, *repos: str) -> None:
        """Have everything here that is asked for, all at once."""
        begun = [self.yard.extract(self.cora, repo) for repo in repos]
        for repo, workflow in zip(repos, begun, strict=True):
            self.follow(repo, workflow)

    def follow(self, repo: str, workflow: str) -> None:
        document = self.yard.follow(self.cora, workflow)
        assert document["state"] == "done", document
        self.yard.slugs[repo] = document["links"]["model"].rpartition("/")[2]

    def settle(self) -> None:
        """What people did before the clients came."""
        for name in ({"revision": "feature/x"}, {"revision": "refs/pr/1"}, {}):  # main is newest
            self.follow(BRANCHED, self.yard.extract(self.cora, BRANCHED, **name))
        for repo in (NON_COMMERCIAL, RAISED):
            self.follow(repo, self.yard.extract(self.lena, repo))
        with self.yard.api(self.cora) as client:
            path = f"/api/v1/models/{self.yard.slugs[RAISED]}"
            client.patch(path, json={"tier": "professional"}).raise_for_status()
            slug = self.yard.slugs[WITHDRAWN]
            answer = client.delete(f"/api/v1/models/{slug}", params={"reason": "it was wrong"})
            answer.raise_for_status()

    def commit(self, repo: str, version: str = "") -> str:
        """The commit of a version, or of the newest."""
        path = f"/api/v1/models/{self.yard.slugs[repo]}"
        with self.yard.api(self.cora) as client:
            answer = client.get(f"{path}/versions/{version}" if version else path)
            return str(answer.raise_for_status().json()["revision"])

    def files(self, repo: str) -> dict[str, bytes]:
        return files_of(self.yard.upstream.folder(repo))

    def digests(self, repo: str) -> dict[str, str]:
        return digests(self.files(repo))

    def page(self, repo: str) -> str:
        return f"{self.yard.base}/models/{self.yard.slugs[repo]}/"

    def run(
        self, client: str, person: str, asked: list[Asked], *, endpoint: str = "", home: str = ""
    ) -> list[dict[str, Any]]:
        """Let a client do these one after the other, in a home of its own."""
        folder = self.folder / (home or f"{client}-{person}")
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            [python_of(client), "-W", "ignore", str(SCRIPT)],
            cwd=folder,
            env=self.environment(person, folder, endpoint or f"{self.yard.base}/hf"),
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads((folder / "answers.json").read_text()))

    def environment(self, person: str, folder: Path, endpoint: str) -> dict[str, str]:
        key = self.person(person).key
        given = {"HF_TOKEN": key} if key else {}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HF_ENDPOINT": endpoint,
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            **given,
        }
