"""Work on the store as a whole, as runs: collect what nothing uses, check what is kept."""

from __future__ import annotations

from datetime import timedelta

from core.pipelines import Pipeline, Step
from core.steps import StepContext
from downloads.services import checking, collecting


def _is_dry(context: StepContext) -> bool:
    return bool(context.run.result.get("dry_run"))


def _grace(context: StepContext) -> timedelta:
    return timedelta(seconds=float(context.run.result.get("grace_seconds", 0)))


def release(context: StepContext) -> None:
    """Let versions that were withdrawn long ago give up their files."""
    released = collecting.release_withdrawn(dry_run=_is_dry(context))
    context.run.result |= {"versions": released}


def collect(context: StepContext) -> None:
    """Remove contents that no file has, and bytes without a row."""
    found = collecting.collect_contents(
        grace=_grace(context), dry_run=_is_dry(context), report=context.reporter("contents")
    )
    context.run.result |= found.to_json() | {"versions": context.run.result.get("versions", 0)}


def clear(context: StepContext) -> None:
    """Remove what interrupted work left in staging and in the store."""
    dry_run = _is_dry(context)
    left = collecting.clear_leftovers(grace=_grace(context), dry_run=dry_run)
    result = context.run.result
    result["leftovers"] = {"count": left.count, "size": left.size}
    result["freed_bytes"] = result.get("freed_bytes", 0) + left.size
    collecting.end_collection(result, dry_run=dry_run)


COLLECT = Pipeline(
    kind=collecting.KIND,
    title="Collect unused contents",
    titles={"look": "Look for unused contents"},
    steps=(
        Step("release", "Release withdrawn", "downloads", release),
        Step("contents", "Collect contents", "downloads", collect),
        Step("leftovers", "Clear leftovers", "downloads", clear),
    ),
)


def check(context: StepContext) -> None:
    """Hash every content again and take what is rotten out of service."""
    found = checking.check_store(
        since=context.run.created_at,
        rate=int(context.run.result.get("rate", 0)),
        report=context.reporter("bytes"),
    )
    context.run.result |= found


VERIFY = Pipeline(
    kind=checking.KIND,
    title="Check the store",
    steps=(Step("check", "Hash contents", "downloads", check),),
)
