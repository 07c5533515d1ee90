"""The files of one version on their way, with what it takes to bring them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import httpx2
import structlog
from django.conf import settings

from core.http import HttpPolicy, build_client, check_url
from core.models import Run
from downloads.fetchers import Fetcher, staging_path
from downloads.fetchers.aria2 import Aria2Fetcher
from downloads.fetchers.local import LocalFetcher
from downloads.fetchers.ranged import RangedFetcher
from downloads.links import FileLink, LinkResolver
from downloads.policy import ARIA2_FROM
from registry.models import TO_FETCH, ModelFile, ModelVersion

log = structlog.get_logger(__name__)
CONNECTIONS = 160  # ten files with sixteen each
Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Transfer:
    """The files of one version on their way, with what it takes to bring them.

    `report(done, total, words)` is called as bytes arrive; `checkpoint` raises to stop. Close it
    when the work is done.
    """

    run: Run
    version: ModelVersion
    links: LinkResolver
    http: HttpPolicy
    report: Report
    checkpoint: Callable[[], None]
    clock: Callable[[], float] = time.monotonic

    def waiting(self) -> list[ModelFile]:
        """Files whose bytes are not stored yet, the small ones first."""
        missing = self.version.files.filter(TO_FETCH)
        return list(missing.order_by("size", "path"))

    def staging(self, file: ModelFile) -> Path:
        return staging_path(settings.STAGING_DIR, f"file:{file.pk}")

    @cached_property
    def client(self) -> httpx2.Client:
        return build_client(replace(self.http, connections=CONNECTIONS))

    def close(self) -> None:
        """Give connections back."""
        self.client.close()

    @cached_property
    def aria2(self) -> Aria2Fetcher | None:
        """aria2 when it is configured and answers; else the built-in downloader does its work."""
        if not settings.ARIA2_RPC_URL:
            return None
        fetcher = Aria2Fetcher(
            settings.ARIA2_RPC_URL,
            settings.ARIA2_RPC_SECRET,
            settings.STAGING_DIR,
            guard=lambda url: check_url(url, policy=self.http),
        )
        if reason := fetcher.unavailable():
            log.warning("aria2_away", reason=reason)
            return None
        return fetcher

    def fetcher_for(self, file: ModelFile, link: FileLink) -> Fetcher:
        """Choose who brings a file: never aria2 where a token is needed."""
        if link.folder:
            return LocalFetcher(link.folder)
        if file.size >= ARIA2_FROM and not link.token and self.aria2 is not None:
            return self.aria2
        return self.own_fetcher(link.token)

    def own_fetcher(self, token: str) -> Fetcher:
        return RangedFetcher(self.client, token=token)
