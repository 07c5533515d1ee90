"""The Hub protocol over a large catalog: HEAD of a file, descriptions, trees and the list."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from bench import _load, _yard, lists

NAMES = 2000
MANY_NAMES = 20_000  # more than answers are kept of, so that none of them is
TARGET = "target: HEAD and model info >= 1,000 requests/s and p95 < 30 ms at 16 connections"
_FILE = "resolve/main/model.safetensors"


@dataclass(frozen=True)
class Case:
    """One line of the table: what it is called and which addresses are asked for in turn."""

    name: str
    paths: list[str]
    caller: str = "key"
    method: str = "GET"
    direct: bool = False  # past the front, at the web workers


def run(options: argparse.Namespace) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["TRUST_FRONT"] = "1"
    os.environ["DEFAULT_ENTRIES"] = "false"  # the rows measured have their own ids
    for bucket in ("API", "FILES"):  # counted as ever, and never too many
        os.environ[f"HUB_RATE_{bucket}"] = str(10**9)
    with _yard.services() as folder:
        lists.prepare(options)
        callers = lists.make_callers()
        cases = _cases()
        queries = {case.name: _queries(case, callers[case.caller]) for case in cases}
        with _yard.web(folder) as addresses:
            lists.print_head()
            base: list[_load.Timings] | None = None
            for case in cases:
                timings = _timings(options, case, callers[case.caller], addresses[case.direct])
                base = base or timings
                lists.print_row(case.name, queries[case.name], timings, base)
    print(TARGET)


def names(*tiers: str, most: int = NAMES) -> list[str]:
    """Admitted models of these tiers, from all over the catalog."""
    from registry.models import Model

    admitted = Model.objects.filter(source="huggingface", admission="admitted", tier__in=tiers)
    step = max(1, admitted.count() // most)
    return list(admitted.order_by("id").values_list("repo_id", flat=True)[::step][:most])


def _cases() -> list[Case]:
    api = "/hf/api/models"
    known, low = names("lite", "standard", "professional"), names("lite")
    many = names("lite", "standard", "professional", most=MANY_NAMES)
    files = [f"/hf/{name}/{_FILE}" for name in known]
    info = [f"{api}/{name}" for name in known]
    return [
        Case("/health", ["/health"]),
        Case("telemetry", ["/hf/api/telemetry/x"]),
        Case("HEAD of a file", files, method="HEAD"),
        Case("HEAD, none kept", [f"/hf/{name}/{_FILE}" for name in many], method="HEAD"),
        Case("HEAD, lite", [f"/hf/{name}/{_FILE}" for name in low], "lite key", "HEAD"),
        Case("HEAD of one file", files[:1], method="HEAD"),
        Case("HEAD, past the front", files, method="HEAD", direct=True),
        Case("model info", info),
        Case("model info, none kept", [f"{api}/{name}" for name in many]),
        Case("model info, lite", [f"{api}/{name}" for name in low], "lite key"),
        Case("model info with blobs", [f"{path}?blobs=true" for path in info]),
        Case("model info of one", info[:1]),
        Case("model info, past the front", info, direct=True),
        Case("info of one, past the front", info[:1], direct=True),
        Case("tree", [f"{path}/tree/main?recursive=true" for path in info]),
        Case("list", [f"{api}?limit=50"]),
    ]


def _queries(case: Case, headers: dict[str, str]) -> int:
    """Count the queries of a request inside this process: of the second, with caches warm."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "localhost"})
    client.generic(case.method, case.paths[0], headers=headers)
    with CaptureQueriesContext(connection) as found:
        client.generic(case.method, case.paths[0], headers=headers)
    return len(found)


def _timings(
    options: argparse.Namespace, case: Case, headers: dict[str, str], address: int | Path
) -> list[_load.Timings]:
    def measure(connections: int, requests: int) -> _load.Timings:
        return _load.measure(
            address,
            case.paths,
            headers,
            connections=connections,
            requests=requests,
            method=case.method,
        )

    measure(4, 200)  # warm
    return [
        measure(connections, options.requests * (1 if connections == 1 else 10))
        for connections in lists.CONNECTIONS
    ]
