"""What the author claims or shows of a model: results of evaluations, and pictures it made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from catalog.cards.addresses import web_address
from core.wording import TIMES
from registry.configs import ModelConfig
from registry.configs.image import ImageConfig
from registry.configs.video import VideoConfig
from registry.models import ModelVersion

FIRST: Final = 8
_RATED: Final = {True: "NSFW", False: "safe for work", None: "not rated"}


def claims_context(version: ModelVersion | None, config: ModelConfig | None) -> dict[str, Any]:
    """Give `evaluations` and `previews`: the first of each, and the rest behind a fold."""
    told = version.facts.get("evaluations") if version else None
    rows = [_evaluation(one) for one in told or () if isinstance(one, dict)]
    return {"evaluations": _folded(rows), "previews": _folded(_previews(config))}


def _folded(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    return {"first": rows[:FIRST], "rest": rows[FIRST:]} if rows else None


def _evaluation(told: dict[str, Any]) -> dict[str, Any]:
    value = told["value"]
    parts = (told["dataset_config"], told["dataset_split"])
    return {
        "task": told["task_name"] or told["task"],
        "dataset": told["dataset_name"] or told["dataset"],
        "part": ", ".join(part for part in parts if part),
        "metric": told["metric_name"] or told["metric"],
        "value": f"{value:.6g}" if isinstance(value, float) else str(value),
        "source": told["source_name"] or told["source_url"],
        "url": told["source_url"],
        "verified": told["verified"],
    }


def _previews(config: ModelConfig | None) -> list[dict[str, Any]]:
    """Links alone: a remote picture that a page loads tells its host who looks at what."""
    found = config.previews if isinstance(config, ImageConfig | VideoConfig) else ()
    return [
        {
            "number": number,
            "url": web_address(one.url),
            "size": f"{one.width} {TIMES} {one.height}" if one.width and one.height else "",
            "rated": _RATED[one.nsfw],
            "nsfw": one.nsfw,
        }
        for number, one in enumerate(found, start=1)
        if web_address(one.url)
    ]
