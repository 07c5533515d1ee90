from scanning.scanners.base import (
    ClamdAddress,
    Coverage,
    Finding,
    Report,
    Rule,
    Scanner,
    ScannerOptions,
    Severity,
    Signatures,
    Verdict,
    scanners,
)

__all__ = [
    "ClamdAddress",
    "Coverage",
    "Finding",
    "Report",
    "Rule",
    "Scanner",
    "ScannerOptions",
    "Severity",
    "Signatures",
    "Verdict",
    "scanners",
]
