"""What a scan of local files says: as one object for programs, as lines for people, as SARIF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from scanning.local_scan import OURSELVES, EngineState, LocalFile, LocalScan
from scanning.policy import NO_ENGINE, WORST_FIRST
from scanning.sarif import EngineRun, LookedAt, sarif_log
from scanning.scanners import Coverage, Finding, Report, Rule, Severity, Verdict
from scanning.scanners._formats import format_of
from scanning.scanners._sniff import Kind

_TEXT_FORMATS = {
    ".json": "json", ".py": "python", ".ipynb": "notebook", ".md": "markdown", ".yaml": "yaml",
    ".yml": "yaml", ".jinja": "jinja", ".toml": "toml", ".sh": "shell", ".xml": "xml",
    ".pmml": "pmml", ".csv": "csv", ".cfg": "ini", ".gin": "gin", ".jsonnet": "jsonnet",
}  # fmt: skip
_OWN_RULES = {
    "symlink": Rule("Symbolic link", "https://cwe.mitre.org/data/definitions/59.html"),
    "symlink_escape": Rule(
        "Link out of the folder", "https://cwe.mitre.org/data/definitions/59.html"
    ),
}
EXIT_CODES = {
    Verdict.CLEAN: 0,
    Verdict.UNSAFE: 1,
    Verdict.SUSPICIOUS: 1,
    Verdict.INCOMPLETE: 2,
}


def verdict_of(scanned: LocalScan) -> Verdict:
    """The worst of all files; nothing scanned is incomplete."""
    verdicts = [file.folded.verdict for file in scanned.files]
    return min(verdicts, key=WORST_FIRST.index, default=Verdict.INCOMPLETE)


def document_of(scanned: LocalScan) -> dict[str, Any]:
    rules = {state.scanner.slug: state.scanner.rules for state in scanned.engines}
    return {
        "verdict": verdict_of(scanned).value,
        "files": [_file(file, {**rules, OURSELVES: _OWN_RULES}) for file in scanned.files],
        "engines": [
            {"name": state.scanner.slug, "version": state.version, "status": state.status}
            for state in scanned.engines
        ],
    }


def lines_of(scanned: LocalScan) -> Iterator[str]:
    for file in scanned.files:
        yield f"{file.folded.verdict:<10} {file.name}"
        for slug, report in sorted(file.reports.items()):
            for one in report.findings:
                told = f"{one.message}: {one.evidence}" if one.evidence else one.message
                yield f"    {one.severity}: {told} ({slug})"
            if report.detail or report.coverage is not Coverage.FULL:
                what = "" if report.coverage is Coverage.FULL else "not looked at: "
                yield f"    {what}{report.detail} ({slug})"
        if not file.understanding:
            yield f"    {NO_ENGINE}"
    for state in scanned.engines:
        if state.status != "ok":
            yield f"{state.scanner.slug}: {state.status}"
    yield f"{verdict_of(scanned)}: {len(scanned.files)} files"


def sarif_of_local(scanned: LocalScan) -> dict[str, Any]:
    return sarif_log([_run(scanned, state) for state in scanned.engines])


def _run(scanned: LocalScan, state: EngineState) -> EngineRun:
    slug = state.scanner.slug
    looked = [
        LookedAt(
            file.name,
            file.size,
            report.verdict.value,
            report.detail,
            [asdict(one) for one in report.findings],
        )
        for file in scanned.files
        if (report := file.reports.get(slug)) is not None
    ]
    problem = "" if state.status == "ok" else state.status
    return EngineRun(slug, state.version, timezone.now(), looked, problem)


def _file(file: LocalFile, rules: dict[str, Any]) -> dict[str, Any]:
    findings = [
        (slug, one) for slug, report in sorted(file.reports.items()) for one in report.findings
    ]
    order = list(Severity)
    findings.sort(key=lambda pair: -order.index(pair[1].severity))
    told = [_finding(slug, one, rules.get(slug, {})) for slug, one in findings]
    return {
        "path": file.name,
        "format": _format(file),
        "size": file.size,
        "verdict": file.folded.verdict.value,
        "coverage": {
            slug: _fraction(report, file.size) for slug, report in sorted(file.reports.items())
        },
        "findings": [*told, *_gaps(file)],
    }


def _gaps(file: LocalFile) -> Iterator[dict[str, str]]:
    """What was not looked at, as findings too: who reads only those must not miss it."""
    whys = [
        (slug, report.detail)
        for slug, report in sorted(file.reports.items())
        if report.coverage is not Coverage.FULL
    ]
    if not file.understanding:
        whys.append((OURSELVES, NO_ENGINE))
    for slug, why in whys:
        gap = Finding("not_covered", Severity.INFO, why or "not looked at completely")
        yield _finding(slug, gap, {"not_covered": Rule("Not looked at completely")})


def _format(file: LocalFile) -> str:
    if file.path.is_symlink():
        return "symlink"
    name = format_of(file.path, file.head)
    return _TEXT_FORMATS.get(file.path.suffix.lower(), name) if name == Kind.TEXT else name


def _fraction(report: Report, size: int) -> float:
    """How much of the file the engine knows; what it cannot say counts as nothing."""
    if report.coverage is Coverage.FULL and report.covered_bytes is None:
        return 1.0
    if not size:
        return 1.0 if report.coverage is Coverage.FULL else 0.0
    return round(min(1.0, (report.covered_bytes or 0) / size), 6)


def _finding(slug: str, one: Finding, rules: dict[str, Rule]) -> dict[str, str]:
    rule = rules.get(one.rule)
    return {
        "rule": one.rule,
        "title": rule.title if rule else one.rule,
        "severity": one.severity.value,
        "description": one.message,
        "source": slug,
        "evidence": ": ".join(part for part in (one.location, one.evidence) if part),
        "reference": rule.reference if rule else "",
    }
