"""What the steps of an intake work on: its rows, its source, and the transfer of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from catalog import upstreams
from catalog.models import Intake
from catalog.sources.base import ModelRef, Source
from core import vault
from core.errors import ConflictError, ModelyardError
from core.steps import StepContext
from downloads import services as downloads
from downloads.links import FileLink
from registry.models import ModelVersion

FORGOTTEN = "The token of this run is forgotten: give the token again with the retry."


def intake_of(context: StepContext) -> Intake:
    return Intake.objects.select_related("model", "version__model").get(run=context.run)


def version_of(context: StepContext) -> ModelVersion:
    version = intake_of(context).version
    if version is None:
        raise ConflictError("This run has no version yet; its first step must be done again.")
    return version


def token_of(context: StepContext) -> str:
    return vault.recall(str(context.run.pk))


def pinned(version: ModelVersion) -> ModelRef:
    return ModelRef(version.model.source, version.model.repo_id, version.commit)


@contextmanager
def source_of(context: StepContext, slug: str) -> Iterator[Source]:
    """Give the source with the token of this run; say when the lack of one is what it refused."""
    source = upstreams.source_for(
        slug,
        token=token_of(context),
        heard=lambda count: context.checkpoint(),
        through=intake_of(context).through,
    )
    with source, _advised(context):
        yield source


@contextmanager
def _advised(context: StepContext) -> Iterator[None]:
    try:
        yield
    except ModelyardError as error:
        lent = error.details.get("needs_token") and intake_of(context).token_by
        if lent and not token_of(context):
            error.message = f"{error.message} {FORGOTTEN}"
        raise


class _Links:
    """Fresh addresses of a pinned version's files, for downloads."""

    def __init__(self, version: ModelVersion, source: Source) -> None:
        self.ref = pinned(version)
        self.source = source

    def link(self, path: str) -> FileLink:
        found = self.source.link(self.ref, path)
        credential = self.source.headers(found).get("Authorization", "")
        return FileLink(found.url, credential.removeprefix("Bearer "), folder=found.folder)


@contextmanager
def transfer_of(
    context: StepContext, *, checkpoint: Callable[[], None] | None = None
) -> Iterator[downloads.Transfer]:
    version = version_of(context)
    with source_of(context, version.model.source) as source:
        transfer = downloads.Transfer(
            run=context.run,
            version=version,
            links=_Links(version, source),
            http=upstreams.http_policy(version.model.source),
            report=context.reporter("bytes"),
            checkpoint=checkpoint or context.checkpoint,
        )
        with closing(transfer):
            if transfer.waiting():
                source.prepare(pinned(version))
            yield transfer
