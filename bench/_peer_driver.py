"""Runs inside a peer's own environment: paths in as JSON, one answer a line; knows nothing of us.

An answer is flagged, warned, clean, skipped, or crashed; `seconds` are those of the file alone.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import time

SECONDS = 60


def picklescan(path: str) -> str:
    from picklescan.scanner import scan_file_path

    found = scan_file_path(path)
    if found.issues_count:
        return "flagged"
    if found.scan_err:
        return "crashed"
    if found.suspicious_count:
        return "warned"
    return "clean" if found.scanned_files else "skipped"


def modelscan(path: str) -> str:
    from modelscan.modelscan import ModelScan

    found = ModelScan().scan(path)
    if found["summary"]["total_issues"]:
        return "flagged"
    if found["errors"]:
        return "crashed"
    return "clean" if found["summary"]["scanned"]["total_scanned"] else "skipped"


def fickling(path: str) -> str:
    from fickling.analysis import Severity
    from fickling.loader import scan_file

    found = scan_file(path, graceful=True)
    if found.errors and not found.results:
        return "crashed"
    if found.severity >= Severity.LIKELY_UNSAFE:
        return "flagged"
    return "warned" if found.severity > Severity.LIKELY_SAFE else "clean"


def modelaudit(path: str) -> str:
    from modelaudit.core import scan_model_directory_or_file

    found = scan_model_directory_or_file(path)
    worst = {str(issue.severity.value) for issue in found.issues}
    if "critical" in worst:
        return "flagged"
    if found.has_errors:
        return "crashed"
    if "warning" in worst:
        return "warned"
    return "clean" if found.files_scanned else "skipped"


def answer(peer: str, path: str) -> str:
    signal.alarm(SECONDS)
    try:
        return {"picklescan": picklescan, "modelscan": modelscan, "fickling": fickling,
                "modelaudit": modelaudit}[peer](path)  # fmt: skip
    except BaseException:  # noqa: BLE001 whatever a peer raises is its answer
        return "crashed"
    finally:
        signal.alarm(0)


def late(*_: object) -> None:
    raise TimeoutError


def main() -> None:
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, late)
    out, sys.stdout = sys.stdout, sys.stderr
    for path in json.load(sys.stdin):
        began = time.perf_counter()
        verdict = answer(sys.argv[1], path)
        told = {"path": path, "verdict": verdict, "seconds": time.perf_counter() - began}
        out.write(json.dumps(told) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
