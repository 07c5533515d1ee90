"""The container files, checked without an engine: schema, lint, and that what they name exists."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from config.settings.env import BASE_DIR, Environment
from config.worker import WORKERS
from config.yard.tools import Clamd
from downloads.fetchers.daemon import Aria2Daemon

COMPOSE = BASE_DIR / "docker-compose.yml"
DOCKERFILE = BASE_DIR / "Dockerfile"
PYTHON = ".venv/bin/python"
OURS = ["prepare", "front", "web", "worker-intake", "worker-downloads", "worker-scanning", "beat"]
SECRETS = ["SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD", "MINIO_ACCESS_KEY"]
SECRETS += ["MINIO_SECRET_KEY", "ARIA2_RPC_SECRET"]


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(COMPOSE.read_text())


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    binary = Path(sys.executable).with_name(name)
    return subprocess.run([binary, *arguments], capture_output=True, text=True, check=False)


def commands(compose) -> list[tuple[str, list[str]]]:
    """List the commands of our own services, health checks included."""
    found = []
    for name in OURS:
        service = compose["services"][name]
        found += [(name, service["command"])] if "command" in service else []
        test = service.get("healthcheck", {}).get("test", [])
        words = test[1].split() if test[:1] == ["CMD-SHELL"] else test[1:]
        found += [(name, words)] if words else []
    return found


def test_the_compose_file_fits_its_schema():
    done = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_has_no_fault_that_hadolint_knows():
    done = tool("hadolint", str(DOCKERFILE))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_dependency_is_a_service_with_what_is_waited_for(compose):
    services = compose["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services, f"{name} waits for {needed}"
            if how["condition"] == "service_healthy" and needed not in [*OURS, "aria2"]:
                assert "test" in services[needed]["healthcheck"], needed
            if how["condition"] == "service_completed_successfully":
                assert services[needed]["restart"] == "no"


def test_no_service_waits_for_itself_through_others(compose):
    needs = {name: set(s.get("depends_on", {})) for name, s in compose["services"].items()}
    started: set[str] = set()
    while ready := {name for name in needs if name not in started and needs[name] <= started}:
        started |= ready
    assert started == set(needs)


def test_every_volume_network_and_config_named_is_declared_and_used(compose):
    used = {"volumes": set(), "networks": set(), "configs": set()}
    for service in compose["services"].values():
        used["volumes"] |= {volume.partition(":")[0] for volume in service.get("volumes", [])}
        used["networks"] |= set(service.get("networks", []))
        used["configs"] |= {config["source"] for config in service.get("configs", [])}
    for kind, names in used.items():
        assert names == set(compose[kind]), kind


def test_the_parts_of_make_up_are_all_there(compose):
    workers = {f"worker-{name}" for name in WORKERS}
    parts = {"front", "web", "beat", "postgres", "valkey", "s3", "clamd", "aria2", *workers}
    assert parts <= set(compose["services"])


def test_each_queue_is_worked_once_and_as_make_up_does(compose):
    for name in WORKERS:
        words = compose["services"][f"worker-{name}"]["command"]
        assert words == [PYTHON, "-m", "config.worker", name]
    assert sorted(queue for queues in WORKERS.values() for queue in queues) == sorted(
        settings.QUEUES
    )


def test_commands_start_modules_and_scripts_that_exist(compose):
    checked = 0
    for name, words in commands(compose):
        assert words[0] in {PYTHON, ".venv/bin/caddy"}, name
        if "-m" in words:
            assert importlib.util.find_spec(words[words.index("-m") + 1]), name
            checked += 1
        for path in re.findall(r"config/\w+(?:\.py)?(?= |$)", " ".join(words)):
            assert (BASE_DIR / path).exists(), f"{name}: {path}"
    assert checked >= len(WORKERS) + 2


def test_secrets_have_no_defaults(compose):
    text = COMPOSE.read_text()
    for name in SECRETS:
        uses = re.findall(rf"\${{{name}[^}}]*}}", text)
        assert uses
        assert all(use.startswith(f"${{{name}:?") for use in uses), name


def test_settings_given_to_our_services_exist(compose):
    known = set(Environment.model_fields)
    fronts = set(re.findall(r"{\$(\w+)|{env\.(\w+)}", (BASE_DIR / "config/Caddyfile").read_text()))
    caddy = {first or second for first, second in fronts} | {"XDG_DATA_HOME", "XDG_CONFIG_HOME"}
    for name in OURS:
        given = set(compose["services"][name]["environment"])
        assert given <= (caddy if name == "front" else known), name
    assert caddy == set(compose["services"]["front"]["environment"])


def test_only_the_front_is_reached_from_outside_and_by_default_from_here_alone(compose):
    published = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}
    assert published == {"front": ["${BIND_ADDRESS:-127.0.0.1}:${APP_PORT:-9083}:9083"]}


def test_aria2_and_clamd_run_with_the_limits_of_make_up(compose, tmp_path):
    aria2 = Aria2Daemon("aria2c", tmp_path, tmp_path / "session", 6800, "x")
    clamd = Clamd(folder=tmp_path, socket=tmp_path / "clamd.sock")
    aria2.make()
    clamd.make()
    placed = {"rpc-listen-all", "rpc-secret", "dir", "input-file", "save-session"}
    placed |= {"summary-interval", "show-console-readout"}
    assert options(aria2.configuration.read_text(), "=", placed) == options(
        compose["configs"]["aria2"]["content"], "=", placed
    )
    limits = {"MaxFileSize", "MaxScanSize", "StreamMaxLength", "MaxScanTime", "AlertExceedsMax"}
    ours = options(clamd.configuration.read_text(), " ", set())
    theirs = options(compose["configs"]["clamd"]["content"], " ", set())
    assert {name: ours[name] for name in limits} == {name: theirs[name] for name in limits}


def options(text: str, sign: str, without: set[str]) -> dict[str, str]:
    pairs = (line.partition(sign) for line in text.splitlines())
    return {name: value for name, _, value in pairs if name not in without}


def test_the_image_runs_as_nobody_special_and_says_how_it_is():
    stages = DOCKERFILE.read_text().split("\nFROM ")[1:]
    for stage in stages[1:]:
        assert "USER 10001" in stage
        assert "HEALTHCHECK" in stage
    assert stages[-1].startswith("python:3.11-slim-bookworm AS yard")


def test_what_the_dockerfile_copies_exists():
    for line in DOCKERFILE.read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            *sources, _ = line.split()[1:]
            assert all((BASE_DIR / source).exists() for source in sources), line
