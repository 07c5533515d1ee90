"""The import of MiniLM by a whole yard: what it asks upstream, how long it takes, what rests."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import psutil

from config.yard.launch import marked

REST = 10.0  # seconds without work before memory is read
OURS = ("config.web", "granian", "config.worker")


def run(options: argparse.Namespace) -> None:
    from tests.e2e.upstream import running_upstream
    from tests.e2e.yard import running_yard
    from tests.standins.repos import MINILM, RepoRoot, minilm

    folder = Path(tempfile.mkdtemp(prefix="yard-bench-"))
    repos = RepoRoot(folder)
    minilm(repos)
    try:
        with running_upstream(repos) as upstream, running_yard(upstream, WEB_WORKERS="2") as yard:
            time.sleep(REST)
            _print_memory("at rest, nothing done yet", str(yard.state))
            person = yard.person("bench", tier="professional", role="curator")
            httpx2.get(f"{upstream.url}/__standin__/log?clear", timeout=60)
            began = time.perf_counter()
            document = yard.bring(person, MINILM)
            seconds = time.perf_counter() - began
            asked = httpx2.get(f"{upstream.url}/__standin__/log", timeout=60).json()
            _print_import(MINILM, document, seconds, asked)
            time.sleep(REST)
            _print_memory("at rest, after the import", str(yard.state))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _print_import(
    name: str, document: dict[str, Any], seconds: float, asked: list[dict[str, Any]]
) -> None:
    sent = sum(entry.get("sent", 0) for entry in asked)
    print(f"import of {name}: {document['state']} after {seconds:.1f} s")
    print(f"  {len(asked)} requests to upstream, {sent / 1e6:.1f} MB received")
    for step in document["steps"]:
        print(f"  {step['name']:10} {step['state']}")


def _print_memory(when: str, state: str) -> None:
    """Proportional set size, so that what processes share counts once."""
    print(f"memory {when}")
    total = 0.0
    for process in marked(state):
        try:
            size = process.memory_full_info().pss / 1e6
            words = " ".join(process.cmdline())[:200]
        except psutil.Error:
            continue
        if any(word in words for word in OURS):
            total += size
        if size > 1:
            print(f"  {size:6.0f} MB  {_short(words)}")
    print(f"  {total:6.0f} MB  web, workers and beat together (target: below 600)")


def _short(words: str) -> str:
    signs = (*OURS, "supervisord", "postgres", "valkey", "caddy", "aria2c")
    for sign in signs:
        if sign in words:
            rest = words[words.index(sign) :].split()
            return " ".join(rest[:2]) if sign == "config.worker" else sign
    return words.rsplit("/", 1)[-1][:60]
