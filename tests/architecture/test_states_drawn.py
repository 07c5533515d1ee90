"""A state that can be stored can be shown."""

from __future__ import annotations

import pytest

from core.models import RunState, StepState
from core.status_language import MARKS, MODEL_TYPES, STATES, gate_mark
from downloads.models import TransferState
from registry import enums
from scanning.enums import EngineHealth

DRAWN = {
    "admission": enums.Admission,
    "scan": enums.ScanVerdict,
    "license": enums.LicenseClass,
    "tier": enums.Tier,
    "request": enums.RequestState,
    "run": RunState,
    "step": StepState,
    "transfer": TransferState,
    "engine": EngineHealth,
}


@pytest.mark.parametrize("kind", DRAWN)
def test_every_stored_state_has_its_icon_and_word(kind):
    assert set(DRAWN[kind].values) <= set(STATES[kind])


def test_every_model_type_has_a_name():
    assert set(enums.ModelType.values) - {"other"} <= set(MODEL_TYPES)


@pytest.mark.parametrize("outcome", enums.GateOutcome.values)
@pytest.mark.parametrize("mode", enums.GateMode.values)
def test_only_a_passed_gate_is_drawn_as_passed(outcome, mode):
    mark = gate_mark(outcome, mode)
    assert mark in MARKS
    assert (mark == "pass") == (outcome == "passed" and mode != "off")
