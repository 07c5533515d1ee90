"""The `yard` fixture: a yard in a folder of the test, its upstream, and runs driven by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from catalog import upstreams
from catalog.models import Intake
from catalog.services.intake import IntakeAnswer, request_intake
from core import runs
from core.http import HttpPolicy, origin_of
from core.models import ACTIVE, Run
from core.storage import ContentStore
from core.storage.configured import content_store
from downloads.fetchers.ranged import RangedFetcher
from downloads.services import transfer as downloads
from registry.authentication import caller_of_user
from registry.callers import Caller
from registry.enums import Role, Tier
from registry.models import ModelVersion, User
from registry.seeds import seed
from tests.factories.registry import ApiKeyFactory, UserFactory
from tests.standins.fixture import Upstream

TURNS = 60


@dataclass
class Yard:
    """What a test asks of the yard; `slept` are the waits between attempts, none of them waited."""

    upstream: Upstream
    folder: Path
    slept: list[float] = field(default_factory=list)

    @property
    def store(self) -> ContentStore:
        return content_store()

    def person(self, *, tier: str = Tier.PROFESSIONAL, role: str = Role.VIEWER) -> Caller:
        """Make a person and give the caller that they are when signed in."""
        user = UserFactory(tier=tier)
        user.groups.add(Group.objects.get_or_create(name=str(role))[0])
        return caller_of_user(User.objects.get(pk=user.pk))

    def ask(self, text: str, *, caller: Caller | None = None, **words: Any) -> IntakeAnswer:
        """Ask for a model as a person does."""
        return request_intake(caller=caller or self.person(), text=text, **words)

    def turn(self, run: Run) -> Run:
        """Let a worker do the next step now, whatever time the run waits for."""
        Run.objects.filter(pk=run.pk).update(not_before=None)
        runs.advance(run.pk)
        run.refresh_from_db()
        return run

    def drive(self, run: Run, *, until: str = "") -> Run:
        """Do step after step until the run ends, or until the step of that name is the next."""
        for _ in range(TURNS):
            run.refresh_from_db()
            waiting = run.steps.filter(state__in=["waiting", "running"]).first()
            if run.state not in ACTIVE or (until and waiting and waiting.name == until):
                return run
            self.turn(run)
        raise AssertionError(f"{run} does not end")

    def bring(self, text: str, **words: Any) -> Run:
        """Ask for a model and do all that follows."""
        answer = self.ask(text, **words)
        assert answer.run is not None, "it is decided already"
        return self.drive(answer.run)

    def admit(self, text: str, **words: Any) -> ModelVersion:
        """Bring a model that must be admitted."""
        run = self.bring(text, **words)
        version = self.version(run)
        assert (run.error, version.admission) == ("", "admitted"), version.decision
        return version

    def version(self, run: Run) -> ModelVersion:
        found = Intake.objects.select_related("version__model").get(run=run).version
        assert found is not None
        found.refresh_from_db()
        return found

    def states(self, run: Run) -> dict[str, str]:
        """The state of every step by its name."""
        return dict(run.steps.order_by("position").values_list("name", "state"))

    def staged(self) -> list[Path]:
        """Files left between source and store, in staging, in scratch and in the store's door."""
        places = (self.folder / name for name in ("staging", "scratch", "store/incoming"))
        return [path for place in places if place.is_dir() for path in place.rglob("*")]

    def moved(self) -> set[str]:
        """Paths of the files whose bytes were asked for since the log was last emptied."""
        found = {_file_of(entry) for entry in self.upstream.log() if entry["method"] == "GET"}
        return found - {""}

    def hub_status(self, repo_id: str, path: str, *, tier: str = Tier.PROFESSIONAL) -> int:
        """What a client of that tier is answered that wants a file through the Hub protocol."""
        key = ApiKeyFactory(user__tier=tier)
        answer = Client().get(
            f"/hf/{repo_id}/resolve/main/{path}", headers={"Authorization": f"Bearer {key.token}"}
        )
        answer.getvalue()
        return answer.status_code


def _file_of(entry: dict[str, Any]) -> str:
    """Name the file of a line of the upstream's log, '' when it is no request for bytes."""
    path, _, query = entry["path"].partition("?")
    if entry["srv"] == "cdn":
        words = parse_qs(query).get("response-content-disposition", [""])[0]
        return words.partition("filename*=UTF-8''")[2].partition(";")[0]
    cached = re.fullmatch(r"/api/resolve-cache/models/[^/]+/[^/]+/[0-9a-f]{40}/(.+)", path)
    return unquote(cached[1]) if cached else ""


@pytest.fixture
def make_yard(
    db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Upstream], Yard]]:
    """Make a yard that takes models from this upstream: `make_yard(upstream)`."""

    def make(upstream: Upstream) -> Yard:
        yard = Yard(upstream, tmp_path)
        settings.HF_ENDPOINT = upstream.url
        settings.UPSTREAM_ALLOW = (origin_of(upstream.cdn),)
        patient = partial(HttpPolicy, sleep=yard.slept.append)
        monkeypatch.setattr(upstreams, "HttpPolicy", patient)
        return yard

    monkeypatch.setattr(downloads, "RangedFetcher", partial(RangedFetcher, pause=0.001))
    settings.STATE_DIR = tmp_path
    settings.STORE_DIR = tmp_path / "store"
    settings.STAGING_DIR = tmp_path / "staging"
    settings.SCRATCH_DIR = tmp_path / "scratch"
    settings.MODELS_DIR = tmp_path / "models"
    settings.MODELS_FILE = tmp_path / "models" / "models.txt"
    settings.UPLOADS_DIR = tmp_path / "uploads"
    settings.S3_ENDPOINT = settings.CLAMD_SOCKET = settings.CLAMD_HOST = ""
    settings.RUN_LEASE = timedelta(hours=1)  # its thread cannot see rows of a test's transaction
    content_store.cache_clear()
    content_store().prepare()
    seed()
    yield make
    content_store.cache_clear()


@pytest.fixture
def yard(make_yard: Callable[[Upstream], Yard], upstream: Upstream) -> Yard:
    """Run a yard whose upstream holds all small repositories of tests.standins.repos."""
    return make_yard(upstream)
