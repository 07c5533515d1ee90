"""Source inside of a torch archive that is Python, and no TorchScript."""

from __future__ import annotations

import pytest

from scanning.scanners import Verdict
from tests.scanning.pickles import CLEAN, torch_zip

SCRIPT = (
    b"class M(Module):\n  def forward(self: __torch__.M,\n    x: Tensor) -> Tensor:\n    return x\n"
)
SOURCES = {
    b"import os\nos.system('true')\n": Verdict.UNSAFE,
    SCRIPT + b"from subprocess import run as r\nr(['true'])\n": Verdict.UNSAFE,
    b"x = eval('1')\n__import__('os').system('true')\n": Verdict.UNSAFE,
    b"import mine\nmine.go()\n": Verdict.SUSPICIOUS,
    b"import os\nos.system(\n": Verdict.SUSPICIOUS,
    b"op_version_set = 1\nimport __torch__.nn\n" + SCRIPT: Verdict.CLEAN,
    SCRIPT.replace(b"return x", b"_0 = (self).eval()"): Verdict.CLEAN,
}


@pytest.mark.parametrize(("source", "verdict"), SOURCES.items())
def test_python_among_torchscript_is_judged_as_python(scan_bytes, source, verdict):
    content = torch_zip(CLEAN, extra={"archive/code/m.py": source})
    assert scan_bytes("pickle_ops", content, "m.pt").verdict is verdict
