"""The doctor at a yard that is sound: nothing is found, by no probe and by no client."""

from __future__ import annotations

import json

from config.clients import CLIENTS
from hub.doctor.examination import BYTES, OK, WAY
from tests.clients.environments import ALL_ARE_TRIED
from tests.clients.repositories import LARGE

PATIENCE = "60"
PROBES = ["hub", *WAY, *BYTES]
TASKS = {
    *("whoami", "auth_check", "model_info", "list_repo_files", "get_paths_info"),
    *("list_repo_refs", "list_repo_commits", "list_models", "HfFileSystem"),
    *("hf_hub_download", "snapshot_download", "refusal"),
}


def check_all_clients_found_nothing(findings):
    assert [one for one in findings if one["state"] != OK] == []
    assert [one["probe"] for one in findings[: len(PROBES)]] == PROBES
    clients = findings[len(PROBES) :]
    assert len(clients) == 1 + (len(CLIENTS) if ALL_ARE_TRIED else 0)
    for client in clients:
        assert client["probe"].startswith("huggingface_hub ")
        assert {task for task, _ in client["asked"]} == TASKS
        assert {wrong for _, wrong in client["asked"]} == {""}


def test_a_sound_yard_has_no_fault(world):
    words = ["hub_doctor", f"{world.yard.base}/hf", "--key", world.cora.key, "--json"]
    words += ["--model", LARGE, "--patience", PATIENCE]
    check_all_clients_found_nothing(json.loads(world.yard.manage(*words))["findings"])


def test_the_page_lets_every_client_that_is_installed_read_and_fetch(world):
    olga = world.yard.person("olga", tier="professional", role="operator")
    with world.yard.api(olga) as client:
        started = client.post("/api/v1/hub/checks").raise_for_status().json()
        document = world.yard.follow(olga, started["id"])
        assert document["state"] == "done", document
        (check,) = client.get("/api/v1/hub/checks").raise_for_status().json()["results"]
    assert check["is_sound"]
    check_all_clients_found_nothing(check["findings"])
