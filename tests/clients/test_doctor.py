"""The doctor at a yard that is sound: nothing is found, by no probe and by no client."""

from __future__ import annotations

import json

from hub.doctor.examination import BYTES, OK, WAY
from tests.clients.environments import CLIENTS, python_of
from tests.clients.repositories import LARGE

PATIENCE = "60"


def test_a_sound_yard_has_no_fault(world):
    words = ["hub_doctor", f"{world.yard.base}/hf", "--key", world.cora.key, "--json"]
    words += ["--model", LARGE, "--patience", PATIENCE]
    for client in CLIENTS:
        words += ["--client", python_of(client)]
    found = json.loads(world.yard.manage(*words))["findings"]
    assert [one for one in found if one["state"] != OK] == []
    assert [one["probe"] for one in found[: -1 - len(CLIENTS)]] == ["hub", *WAY, *BYTES]
