"""The results that a card claims, from `model-index` in its head.

Format: huggingface/hub-docs, modelcard.md. Each result names a task, a dataset and its metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from catalog.cards.addresses import web_address
from catalog.inspectors.base import Problems, as_object, as_text, as_texts

KEY: Final = "model-index"
MOST: Final = 500
_LARGEST: Final = 1e15  # beyond it a number is no measurement, and JSON does not keep it exact
# As YAML and Python write what is no number; a head gives it as text.
_NO_NUMBERS: Final = frozenset({"", "nan", "inf", "infinity", "none", "null"})
_PLACE: Final = f"README.md: {KEY}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One number that the card claims, or a text such as `20.0 ± 1.2`.

    `task`, `dataset` and `metric` are the ids of the Hub, `..._name` what the card calls them.
    `verified` is what the card says of itself: nobody checked that here.
    """

    task: str
    dataset: str
    metric: str
    value: float | str
    task_name: str = ""
    dataset_name: str = ""
    dataset_config: str = ""
    dataset_split: str = ""
    metric_name: str = ""
    source_name: str = ""
    source_url: str = ""
    verified: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def evaluations_in(data: Mapping[str, object], problems: Problems) -> tuple[Evaluation, ...]:
    """Give the results of a card's head, each once; what is malformed is named and left out."""
    told = data.get(KEY)
    if told is None:
        return ()
    found: dict[Evaluation, None] = {}
    unusable = 0
    for one in _told(told, problems):
        if one is None:
            unusable += 1
        elif len(found) < MOST:
            found[one] = None
        elif one not in found:
            problems.add(f"{_PLACE} has more than {MOST} results; the first are kept")
            break
    if unusable:
        problems.add(f"{_PLACE} has {unusable} results without a task, dataset, metric or value")
    return tuple(found)


def datasets_in(data: Mapping[str, object], tags: tuple[str, ...]) -> tuple[str, ...]:
    """Give the datasets that the card and the source's tags name, each once."""
    tagged = (tag.partition(":")[2] for tag in tags if tag.startswith("dataset:"))
    return tuple(dict.fromkeys([*as_texts(data.get("datasets")), *filter(None, tagged)]))


def _told(told: object, problems: Problems) -> Iterator[Evaluation | None]:
    """Give each metric of each result; None for one that cannot be used."""
    if not isinstance(told, list):
        problems.add(f"{_PLACE} is no list")
        return
    for entry in told:
        results = as_object(entry).get("results")
        if not isinstance(results, list):
            problems.add(f"{_PLACE} has an entry without a list of results")
            continue
        for result in results:
            yield from _of_result(as_object(result))


def _of_result(result: Mapping[str, object]) -> Iterator[Evaluation | None]:
    metrics = result.get("metrics")
    if not isinstance(metrics, list):
        yield None
        return
    task, dataset = as_object(result.get("task")), as_object(result.get("dataset"))
    source = as_object(result.get("source"))
    for metric in map(as_object, metrics):
        value = _value(metric.get("value"))
        ids = [as_text(one.get("type")) for one in (task, dataset, metric)]
        if value is None or not all(ids):
            yield None
            continue
        yield Evaluation(
            task=ids[0],
            dataset=ids[1],
            metric=ids[2],
            value=value,
            task_name=as_text(task.get("name")),
            dataset_name=as_text(dataset.get("name")),
            dataset_config=as_text(dataset.get("config")),
            dataset_split=as_text(dataset.get("split")),
            metric_name=as_text(metric.get("name")),
            source_name=as_text(source.get("name")),
            source_url=web_address(as_text(source.get("url"), 600)) or "",
            verified=metric.get("verified") is True,
        )


def _value(value: object) -> float | str | None:
    if isinstance(value, str):
        text = as_text(value, 80)
        return None if text.lower().lstrip("+-.") in _NO_NUMBERS else text
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= _LARGEST else None  # which NaN is not either
