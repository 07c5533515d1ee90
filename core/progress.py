"""Say where a step of a run stands, in a few words and honest numbers."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.models import RunStep, StepState
from core.wording import amount, file_size, time_left, took

_FEW = 2  # minutes, below which seconds are worth telling


def step_words(step: RunStep) -> str:
    """Say in a few words where a step stands: its message, its progress or its time."""
    if step.state == StepState.RUNNING:
        return amount(step.done, step.total, step.unit) if step.total else "running"
    if step.state == StepState.WAITING:
        begun = step.message or amount(step.done, step.total, step.unit)
        return begun if step.done or step.message else "waiting"
    if step.started_at and step.finished_at and step.state == StepState.DONE:
        return took(step.finished_at - step.started_at)
    return step.state


def progress_of(step: RunStep, now: datetime) -> dict[str, object]:
    """Work out percent, amount, speed and time left; what is not known stays empty."""
    elapsed = now - step.started_at if step.started_at else timedelta(0)
    left = time_left(step.done, step.total or 0, elapsed)
    speed = step.done / elapsed.total_seconds() if elapsed > timedelta(seconds=1) else 0
    return {
        "step": step,
        "percent": step.percent,
        "amount": amount(step.done, step.total, step.unit),
        "speed": f"{file_size(int(speed))}/s" if speed and step.unit == "bytes" else "",
        "left": took(_roughly(left)) if left is not None else "",
    }


def _roughly(span: timedelta) -> timedelta:
    """Take the seconds off a guess of minutes."""
    minutes = round(span / timedelta(minutes=1))
    return timedelta(minutes=minutes) if minutes > _FEW else span
