"""The typed configuration as a table: every field that is known, by its name in the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from registry.configs import ModelConfig

LONGEST: Final = 300
# Shown elsewhere on the page, or too long to be read here.
_ELSEWHERE: Final = frozenset({"files", "base_models", "sha", "gated", "previews"})


def configuration_context(config: ModelConfig) -> dict[str, Any]:
    """Give `title` of the kind and `rows` of name and text, in the order of the class."""
    told = config.model_dump(mode="json", exclude=set(_ELSEWHERE), exclude_none=True)
    if not config.is_hosted:  # as most are not
        del told["is_hosted"]
    rows = [{"name": name, "text": text} for name, text in _rows("", told)]
    return {"title": config.title, "rows": rows}


def _rows(prefix: str, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in told.items():
        if isinstance(value, Mapping):
            yield from _rows(f"{prefix}{name}.", value)
        elif name == "components":
            yield from ((f"{name}.{one['name']}", _class(one)) for one in value)
        elif value not in ("", [], {}):
            yield f"{prefix}{name}", _text(value)


def _class(component: Mapping[str, str]) -> str:
    return " ".join(filter(None, (component["library"], component["class_name"]))) or "none"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return _cut(", ".join(_text(one) for one in value))
    if isinstance(value, Mapping):
        return " ".join(f"{name} {one}" for name, one in value.items() if one is not None)
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
