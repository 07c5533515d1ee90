"""`manage.py gc --dry-run` over many contents: seconds and memory, on a file system."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

from bench._yard import ROOT, services

SHA = "encode(sha256(n::text::bytea), 'hex')"
_FILL = f"""
INSERT INTO registry_content (sha256, size, storage_key, stored_at, used_at, quarantined_from)
  SELECT {SHA}, 0, '', now(), now() - interval '9 days', '[]' FROM generate_series(1, %(rows)s) n;
INSERT INTO registry_modelfile (version_id, path, size, git_oid, sha256, is_lfs, content_id)
  SELECT %(version)s, n::text, 0, '', {SHA}, true, {SHA} FROM generate_series(1, %(rows)s) n
  WHERE n %% 10 > 0;
ANALYZE registry_content; ANALYZE registry_modelfile;
"""


def run(options: Namespace) -> None:
    """Fill a yard with contents of which a tenth is in no file, and look what may go."""
    with services() as folder:
        _manage("migrate", "-v0")
        began = time.monotonic()
        _fill(options.rows, folder)
        print(f"{options.rows:,} contents made in {time.monotonic() - began:.0f} s")
        began = time.monotonic()
        words, kilobytes = _measured("gc", "--dry-run")
        seconds = time.monotonic() - began
        print(words)
        print(f"gc --dry-run: {seconds:.1f} s, {kilobytes / 1024:.0f} MB of memory")


def _fill(rows: int, folder: Path) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from core.storage.configured import content_store
    from registry.services.versions import ensure_model, pin_version

    content_store().prepare()
    model = ensure_model(source="huggingface", repo_id="bench/collect")
    version = pin_version(model=model, commit="0" * 40, files=[], facts={})
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_modelfile DISABLE TRIGGER pinned_files_are_immutable")
        for statement in _FILL.split(";")[:-1]:
            values = {"rows": rows, "version": version.pk}
            cursor.execute(statement.strip(), values if "%(" in statement else None)
    for number in range(1, rows + 1):
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        shelf = settings.STORE_DIR / "sha256" / sha256[:2] / sha256[2:4]
        path = shelf / sha256
        try:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o444))
        except FileNotFoundError:
            shelf.mkdir(parents=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o444))


def _manage(*words: str) -> None:
    subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, check=True)


def _measured(*words: str) -> tuple[str, int]:
    """Run a command and give what it said and the most memory it had."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    most = 0
    while process.poll() is None:
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            most = int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"gc ended with {process.returncode}")
    return process.stdout.read() if process.stdout else "", most
