"""The run that scans again what is published, after engines or their signatures changed."""

from __future__ import annotations

from core.pipelines import Pipeline, Step
from core.steps import StepContext
from scanning.services import published, rescans

QUEUE = "rescans"


def queue(context: StepContext) -> None:
    """Queue every published version that the newest engines have not judged."""
    waiting = published.queue_published(report=context.reporter("versions"))
    context.run.result |= {"queued": waiting}


def scan(context: StepContext) -> None:
    """Scan what waits, most downloaded first, and take out of service what is found."""
    kept = {name: int(context.run.result.get(name, 0)) for name in ("versions", "held", "put_off")}
    tally = rescans.Tally(**kept)
    try:
        rescans.scan_due(tally, report=context.reporter("versions"))
    finally:
        context.run.result |= tally.to_json()


PIPELINE = Pipeline(
    kind=published.KIND,
    title="Scan again what is published",
    steps=(
        Step("queue", "Find what is due", QUEUE, queue),
        Step("scan", "Scan again", QUEUE, scan),
    ),
)
