"""What a check lets clients do, beside its probes."""

from __future__ import annotations

import json

from core.steps import StepContext
from hub.checking import services
from hub.doctor.examination import PROBES
from tests.hub.checking.test_checking import address, begun, ended, operator, seen
from tests.hub.doctor.test_doctor import proxy

__all__ = ["address", "operator", "proxy"]


def environment(folder, name, script):
    python = folder / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return str(python)


def test_each_client_that_is_installed_is_asked_and_says_what_it_could_not_do(
    address, operator, settings
):
    folder = settings.HUB_CLIENTS_DIR
    said = {"client": "huggingface_hub 0.1", "asked": [["whoami", ""], ["model_info", "no sha"]]}
    environment(folder, "old", f"echo '{json.dumps(said)}'")
    broken = environment(folder, "broken", "exit 3")
    run = ended(begun(operator))
    found = {one["probe"]: one for one in run.result["findings"]}
    assert list(found)[PROBES + 1 :] == [broken, "huggingface_hub 0.1"]
    assert "It ended with 3" in found[broken]["sentence"]
    assert found["huggingface_hub 0.1"]["sentence"] == "model_info: no sha"
    page = seen(operator)
    assert "2 faults" in page
    assert "make clients" not in page
    assert page.count("not asked") == 12 - 2 + 1 + 12 + 1
    context = StepContext(run, run.steps.get(name="client"))
    services.let_clients_fetch(context)
    assert len(context.run.result["findings"]) == PROBES + 3, "they are asked anew, not once more"
