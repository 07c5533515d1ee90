"""The one table of icon, word, tone and loudness for every state a page can show.

Loud (filled) only when a person is needed; colour never stands alone. The sprite builder reads the
icon names from this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Tone = Literal["ok", "note", "warn", "bad", "idle"]
Weight = Literal["", "loud", "wait", "void"]


@dataclass(frozen=True)
class Look:
    """How one state is drawn: icon, tone, weight, and the word when it differs from the value."""

    icon: str
    tone: Tone
    weight: Weight = ""
    word: str = ""


UNKNOWN = Look("circle-dashed", "idle", "wait", "unknown")

STATES: Mapping[str, Mapping[str, Look]] = {
    "admission": {
        "admitted": Look("badge-check", "ok"),
        "pending": Look("clock", "note", "wait"),
        "held": Look("hand", "warn", "loud"),
        "withdrawn": Look("archive-x", "idle", "void"),
    },
    "scan": {
        "clean": Look("shield-check", "ok"),
        "suspicious": Look("shield-alert", "warn", "loud"),
        "unsafe": Look("shield-x", "bad", "loud"),
        "incomplete": Look("shield-ellipsis", "idle", "wait"),
        "": Look("shield-ellipsis", "idle", "wait", "not scanned"),
    },
    "license": {
        "permissive": Look("lock-open", "ok"),
        "copyleft": Look("copyleft", "note"),
        "restricted": Look("lock", "warn"),
        "non-commercial": Look("ban", "bad"),
        "unknown": Look("file-question-mark", "bad", "loud"),
        "": Look("file-question-mark", "idle", "wait", "not read yet"),
    },
    "tier": {
        "lite": Look("tier-1", "idle"),
        "standard": Look("tier-2", "idle"),
        "professional": Look("tier-3", "idle"),
    },
    "run": {
        "queued": Look("clock", "note", "wait"),
        "running": Look("loader", "note"),
        "waiting": Look("hourglass", "warn", "loud"),
        "done": Look("circle-check", "ok"),
        "failed": Look("circle-x", "bad", "loud"),
        "cancelled": Look("circle-minus", "idle"),
    },
    "download": {
        "running": Look("loader", "note"),
        "completed": Look("check", "warn", "", "here, not admitted"),
        "uploaded": Look("package-plus", "ok"),
        "success": Look("circle-check", "ok"),
        "failed": Look("circle-x", "bad", "loud"),
    },
    "transfer": {
        "waiting": Look("clock", "idle", "wait"),
        "moving": Look("loader", "note"),
        "paused": Look("pause", "warn"),
        "verifying": Look("hash", "note"),
        "stored": Look("check", "ok"),
        "failed": Look("circle-x", "bad", "loud"),
        "cancelled": Look("circle-minus", "idle"),
    },
    "step": {
        "waiting": Look("clock", "idle", "wait"),
        "running": Look("loader", "note"),
        "done": Look("check", "ok"),
        "failed": Look("circle-x", "bad", "loud"),
        "skipped": Look("circle-minus", "idle", "", "not needed"),
        "cancelled": Look("circle-minus", "idle"),
    },
    "local": {
        "reading": Look("loader", "note"),
        "new": Look("circle-dashed", "note", "", "not imported"),
        "changed": Look("clock", "warn", "", "changed since"),
        "importing": Look("loader", "note"),
        "imported": Look("circle-check", "ok"),
        "problem": Look("circle-x", "bad", "loud"),
    },
    "wish": {
        "waiting": Look("clock", "idle", "wait"),
        "running": Look("loader", "note"),
        "here": Look("circle-check", "ok"),
        "local": Look("circle-check", "ok", "", "from this machine"),
        "skipped": Look("circle-minus", "idle"),
        "failed": Look("circle-x", "bad", "loud"),
    },
    "request": {
        "open": Look("clock", "note", "wait"),
        "approved": Look("circle-check", "ok"),
        "refused": Look("circle-x", "bad"),
    },
    "key": {
        "active": Look("circle-check", "ok"),
        "expired": Look("clock", "idle", "void"),
        "revoked": Look("ban", "idle", "void"),
    },
    "health": {
        "ok": Look("circle-check", "ok"),
        "warn": Look("triangle-alert", "warn"),
        "bad": Look("circle-x", "bad"),
        "idle": Look("circle-dashed", "idle", "wait", "not configured"),
    },
    "probe": {
        "ok": Look("circle-check", "ok"),
        "fault": Look("circle-x", "bad", "loud"),
        "skipped": Look("circle-minus", "idle"),
    },
    "disk": {
        "ok": Look("circle-check", "ok", "", "has room"),
        "warn": Look("triangle-alert", "warn", "", "filling up"),
        "bad": Look("circle-x", "bad", "loud", "imports wait"),
    },
    "fit": {
        "yes": Look("circle-check", "ok"),
        "no": Look("circle-minus", "idle", "", "too large"),
        "": Look("circle-dashed", "idle", "wait", "not known"),
    },
    "answer": {
        "flagged": Look("shield-alert", "bad"),
        "clean": Look("shield-check", "ok"),
        "noted": Look("info", "idle"),
        "not covered": Look("shield-ellipsis", "idle", "wait"),
        "broken": Look("triangle-alert", "bad", "loud"),
        "": Look("circle-minus", "idle", "", "not run"),
    },
    "engine": {
        "working": Look("circle-check", "ok"),
        "broken": Look("circle-x", "bad", "loud"),
        "absent": Look("circle-minus", "idle", "", "not set up"),
        "unknown": Look("circle-dashed", "warn", "wait", "not proved yet"),
    },
    "severity": {
        "critical": Look("octagon-alert", "bad", "loud"),
        "high": Look("octagon-alert", "bad", "loud"),
        "medium": Look("triangle-alert", "warn"),
        "low": Look("info", "idle"),
        "info": Look("info", "idle"),
    },
}


@dataclass(frozen=True)
class Mark:
    """A node of a track: a gate's answer or a step's state. Its shape survives without color."""

    icon: str
    words: str


MARKS: Mapping[str, Mark] = {
    "pass": Mark("check", "passed"),
    "audit": Mark("eye", "noted, does not block"),
    "fail": Mark("x", "failed"),
    "unknown": Mark("question", "not known, so not passed"),
    "wait": Mark("minus", "not yet"),
    "run": Mark("loader", "running"),
    "part": Mark("minus", "partly done, standing still"),
    "pause": Mark("pause", "paused"),
    "skip": Mark("chevron-right", "not needed"),
}

MODEL_TYPES: Mapping[str, tuple[str, Look]] = {
    "llm": ("LLM", Look("message-square", "idle")),
    "vision-language": ("Vision + text", Look("eye", "idle")),
    "embedding": ("Embedding", Look("hash", "idle")),
    "reranker": ("Reranker", Look("arrow-up-down", "idle")),
    "classifier": ("Classifier", Look("tags", "idle")),
    "image": ("Image", Look("image", "idle")),
    "video": ("Video", Look("clapperboard", "idle")),
    "audio": ("Audio", Look("audio-lines", "idle")),
    "vision": ("Vision", Look("eye", "idle")),
    "layout": ("Layout", Look("scan-text", "idle")),
    "ocr": ("OCR", Look("scan-text", "idle")),
}
OTHER_TYPE = ("Other", Look("box", "idle"))


def look_of(kind: str, value: str) -> Look:
    """Find the look of a state; a value nobody drew yet shows as unknown, never as fine."""
    return STATES[kind].get(value, UNKNOWN)


def word_of(kind: str, value: str) -> str:
    """Return the word people read for a state."""
    return look_of(kind, value).word or value


def gate_mark(outcome: str, mode: str) -> str:
    """Choose the node for a gate: an unknown answer is its own mark, a refused audit only notes."""
    if mode == "off":
        return "skip"
    if outcome == "passed":
        return "pass"
    if outcome == "failed":
        return "audit" if mode == "audit" else "fail"
    if outcome == "unknown":
        return "audit" if mode == "audit" else "unknown"
    return "wait"


def step_mark(state: str, *, begun: bool) -> str:
    """Choose the node for a step; one that began and stands still is neither waiting nor done."""
    if state in ("waiting", "cancelled"):
        return "part" if begun else "wait"
    return {"running": "run", "done": "pass", "failed": "fail", "skipped": "skip"}.get(
        state, "wait"
    )


def decision_mark(admission: str) -> str:
    """Choose the last node of a gate track: the decision itself."""
    return {"admitted": "pass", "held": "fail", "withdrawn": "skip"}.get(admission, "wait")
