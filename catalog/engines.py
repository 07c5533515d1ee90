"""How each scanner engine is, as parts of the yard's health."""

from __future__ import annotations

from typing import Literal

from core.health import Part
from core.metrics import gauge
from scanning.enums import EngineHealth
from scanning.models import EngineState
from scanning.scanners import scanners
from scanning.selectors import NOT_KNOWN, engine_states
from scanning.services.engines import is_set_up, options

_STATES: dict[str, Literal["ok", "warn", "bad", "idle"]] = {
    EngineHealth.WORKING.value: "ok",
    EngineHealth.BROKEN.value: "bad",
    EngineHealth.ABSENT.value: "idle",
    NOT_KNOWN: "warn",
}
_states = gauge("engine_state", "1 for the state that a scanner engine is in", ["engine", "state"])


def engine_parts() -> list[Part]:
    """One part per engine: it can run now, and it flagged its canary where scans are made.

    An engine that was not set up is no fault; one that has not proved itself yet is.
    """
    proven = engine_states()
    parts = []
    for cls in scanners:
        reason = cls(options()).unavailable()
        if reason:
            parts.append(Part(cls.slug, "bad" if is_set_up(cls.slug) else "idle", reason))
        else:
            parts.append(_part(cls.slug, cls.title, proven.get(cls.slug)))
    return parts


def _part(slug: str, title: str, state: EngineState | None) -> Part:
    if state is None:
        return Part(slug, "warn", "has not answered its canary yet")
    facts: dict[str, object] = {
        "version": state.engine,
        "signatures": state.signatures or None,
        "signatures_at": state.signatures_at,
        "host": state.host,
        "checked_at": state.checked_at,
    }
    return Part(slug, _STATES[state.state], state.words or f"{title}{_age(state)}", facts)


def _age(state: EngineState) -> str:
    """How old the signatures are, where the engine has any."""
    if state.signatures_days is None:
        return ""
    return f": signatures of {state.signatures_at:%Y-%m-%d}, {state.signatures_days} days old"


def refresh_gauge() -> None:
    """Set for each engine the one state that it is in."""
    proven = engine_states()
    for cls in scanners:
        known = proven.get(cls.slug)
        is_in = known.state if known else NOT_KNOWN
        for state in _STATES:
            _states.labels(cls.slug, state).set(state == is_in)
