"""Reports of engines as rows, for tests of what is made from them."""

from __future__ import annotations

import hashlib

from django.utils import timezone

from registry.models import ModelFile
from scanning.models import Scan
from scanning.services.inbox import refresh_findings

GAP = "larger than it reads"


def finding(rule="pickle_dangerous_global", severity="critical", **values):
    words = {"message": f"{rule} is here", "evidence": "0: GLOBAL 'posix system'", "location": ""}
    return {"rule": rule, "severity": severity, **words, **values}


def report(file, scanner="pickle_ops", *findings, verdict="", **values):
    """One engine's newest report on a file's content; the inbox follows."""
    sha256 = file.sha256 if isinstance(file, ModelFile) else hashlib.sha256(file).hexdigest()
    bad = {one["severity"] for one in findings} & {"high", "critical"}
    mild = "medium" in {one["severity"] for one in findings}
    told = verdict or ("unsafe" if bad else "suspicious" if mild else "clean")
    fields = {
        "engine": "yard/1",
        "findings": list(findings),
        "coverage": "none" if told == "incomplete" else "full",
        "detail": GAP if told == "incomplete" else "",
        "scanned_at": timezone.now(),
        **values,
    }
    scan = Scan.objects.create(sha256=sha256, scanner=scanner, verdict=told, **fields)
    refresh_findings([sha256])
    return scan
