"""What a run does: a pipeline is a list of named steps, registered by the app that owns it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.errors import UnknownPluginError
from core.models import Run
from core.steps import StepContext


@dataclass(frozen=True)
class Step:
    """`work` must be idempotent: after a crash it runs again from its beginning."""

    name: str
    title: str
    queue: str
    work: Callable[[StepContext], None]


@dataclass(frozen=True)
class Pipeline:
    """`on_end` is called once in the transaction that ends a run, whatever the end.

    `page` names the address that shows what a run found, when it is asked with `?run=`.
    """

    kind: str
    title: str
    steps: tuple[Step, ...]
    on_end: Callable[[StepContext], None] | None = None
    titles: Mapping[str, str] = field(default_factory=dict)  # of runs with these keys
    page: str = ""

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)


_pipelines: dict[str, Pipeline] = {}


def register(pipeline: Pipeline) -> Pipeline:
    known = _pipelines.setdefault(pipeline.kind, pipeline)
    if known is not pipeline:
        raise ValueError(f"Pipeline {pipeline.kind!r} is registered twice")
    return pipeline


def get(kind: str) -> Pipeline:
    try:
        return _pipelines[kind]
    except KeyError:
        raise UnknownPluginError(f"No pipeline of kind {kind!r}") from None


def page_of(run: Run) -> str:
    """Name the address that shows what this run found; '' where the Jobs pages show all of it."""
    pipeline = _pipelines.get(run.kind)
    return pipeline.page if pipeline else ""


def title_of(run: Run) -> str:
    """Say what a run does; its key where nobody knows its kind any more."""
    pipeline = _pipelines.get(run.kind)
    return pipeline.titles.get(run.key, pipeline.title) if pipeline else run.key
