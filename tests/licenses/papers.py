"""What the children of `licenses.analysis` do, done in this process."""

from __future__ import annotations

from collections.abc import Mapping

from licenses.detection.detect import conclude
from licenses.detection.files import read_file
from licenses.detection.finding import LicenseFinding
from licenses.detection.names import MAX_FILES, states_terms


def detect(
    license_field: object,
    name: object,
    link: object,
    texts: Mapping[str, bytes],
    rights: object = None,
) -> LicenseFinding:
    paths = [path for path in texts if states_terms(path, link)]
    files = [read_file(path, texts[path]) for path in paths[:MAX_FILES]]
    return conclude(license_field, name, link, files=files, count=len(paths), rights=rights)
