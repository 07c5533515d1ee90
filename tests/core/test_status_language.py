from __future__ import annotations

import pytest

from core.models import RunState, StepState
from core.status_language import (
    MARKS,
    STATES,
    decision_mark,
    gate_mark,
    look_of,
    step_mark,
    word_of,
)


def test_a_value_nobody_drew_shows_as_unknown_and_never_as_fine():
    assert word_of("scan", "brand-new") == "unknown"
    assert look_of("admission", "brand-new").tone == "idle"


def test_a_version_that_was_not_scanned_does_not_look_clean():
    assert word_of("scan", "") == "not scanned"
    assert look_of("scan", "").tone != "ok"
    assert look_of("scan", "incomplete").tone != "ok"


@pytest.mark.parametrize(
    ("outcome", "mode", "mark"),
    [
        ("passed", "enforce", "pass"),
        ("passed", "audit", "pass"),
        ("failed", "enforce", "fail"),
        ("failed", "audit", "audit"),
        ("unknown", "enforce", "unknown"),
        ("unknown", "audit", "audit"),
        ("", "enforce", "wait"),
        ("failed", "off", "skip"),
    ],
)
def test_each_answer_of_a_gate_has_its_own_mark(outcome, mode, mark):
    assert gate_mark(outcome, mode) == mark
    assert mark in MARKS


def test_a_step_that_began_and_stands_still_is_neither_waiting_nor_done():
    assert step_mark("waiting", begun=True) == "part"
    assert step_mark("waiting", begun=False) == "wait"
    assert step_mark("done", begun=True) == "pass"


def test_every_state_of_runs_and_steps_is_drawn():
    assert set(RunState.values) <= set(STATES["run"])
    assert set(StepState.values) <= set(STATES["step"])
    assert {step_mark(state, begun=False) for state in StepState.values} <= set(MARKS)
    assert {decision_mark(value) for value in STATES["admission"]} <= set(MARKS)


def test_states_of_one_kind_differ_without_color():
    for kind, states in STATES.items():
        drawn = [(look.icon, look.word or value) for value, look in states.items()]
        assert len(set(drawn)) == len(drawn), kind
