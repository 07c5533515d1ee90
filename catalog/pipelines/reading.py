"""The run in which a language model reads a card: apart from intake, which never waits for it."""

from __future__ import annotations

from django.conf import settings

from catalog.models import CARD_READING, CardReading
from catalog.pipelines.steps import steps
from catalog.services import readings
from core.llm import Allowance
from core.pipelines import Pipeline
from core.steps import StepContext


def read(context: StepContext) -> None:
    """Ask for what the rules did not find; requests and tokens are counted over all tries."""
    version = CardReading.objects.select_related("version__model").get(run=context.run).version
    result = context.run.result
    allowance = Allowance(
        attempts=readings.MOST_REQUESTS - int(result.get("requests", 0)),
        tokens=settings.LLM_RUN_TOKENS,
        spent=int(result.get("tokens", 0)),
    )
    try:
        outcome = readings.read(version, allowance=allowance)
    finally:
        result["requests"] = readings.MOST_REQUESTS - allowance.attempts
        result["tokens"] = allowance.spent
    result |= {"filled": list(outcome.filled), "missing": list(outcome.missing)}
    words = f"found {', '.join(outcome.filled)}" if outcome.filled else "found nothing more"
    context.progress(1, 1, unit="cards", message=outcome.reason or words.replace("_", " "))


PIPELINE = Pipeline(kind=CARD_READING, title="Read model card", steps=steps(read=read))
