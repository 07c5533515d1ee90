"""The inside of a scanning child: one scanner over a list of files, answers as JSON lines.

Started by `scanning.sandbox` as `python -m scanning.child`. Whatever goes wrong with a file is an
incomplete report; whatever ends this process is noticed by the parent.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from scanning.limits import Limits, confine, grant_cpu
from scanning.scanners import Report, Scanner, ScannerOptions, scanners


def main() -> None:
    """Read one request from standard input, answer file by file, end."""
    answers = _take_over_output()
    request = json.loads(sys.stdin.buffer.read())
    limits = Limits(**request["limits"])
    confine(limits)
    grant_cpu(limits.cpu_seconds)
    scanners.load()
    scanner = scanners.get(request["scanner"])(ScannerOptions.from_json(request["options"]))
    missing = scanner.unavailable()
    for index, file in enumerate(request["files"]):
        _answer(answers, {"started": index})
        grant_cpu(limits.cpu_seconds)
        report = Report.incomplete(missing) if missing else _scan(scanner, file)
        _answer(answers, {"done": index, "report": report.to_json()})


def _take_over_output() -> BinaryIO:
    """Keep the pipe for answers alone: what a library prints must not look like one."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _answer(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


def _scan(scanner: Scanner, file: dict[str, str]) -> Report:
    try:
        return scanner.scan(Path(file["path"]), PurePosixPath(file["name"]))
    except MemoryError:
        return Report.incomplete("out of memory")
    except OSError as error:
        return Report.incomplete(f"the file cannot be read: {error}")
    except Exception as error:  # noqa: BLE001 a bug in one scanner must not pass as clean
        return Report.incomplete(f"the scanner failed: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
