from __future__ import annotations

import pytest

from hub.routes import Action, Route, parse
from tests.architecture.routes import ROUTES

COMMIT = "0123456789" * 4
READS = [
    ("api/models/acme/bert", Route(Action.MODEL_INFO, "acme/bert")),
    ("api/models/acme/bert/", Route(Action.MODEL_INFO, "acme/bert")),
    ("/api/models/acme/bert", Route(Action.MODEL_INFO, "acme/bert")),
    ("api/models/gpt2", Route(Action.MODEL_INFO, "gpt2")),
    ("api/models/acme/bert/revision/main", Route(Action.MODEL_INFO, "acme/bert", "main")),
    ("api/models/acme/bert/revision/refs/pr/1", Route(Action.MODEL_INFO, "acme/bert", "refs/pr/1")),
    ("api/models/acme/bert/tree/main", Route(Action.TREE, "acme/bert", "main")),
    ("api/models/gpt2/tree/main/a/b", Route(Action.TREE, "gpt2", "main/a/b")),
    ("api/models/acme/tree/tree/main/tree", Route(Action.TREE, "acme/tree", "main/tree")),
    ("api/models/acme/bert/refs", Route(Action.REFS, "acme/bert")),
    ("api/models/gpt2/refs", Route(Action.REFS, "gpt2")),
    ("api/models/acme/bert/commits/main", Route(Action.COMMITS, "acme/bert", "main")),
    ("api/models/acme/bert/auth-check", Route(Action.AUTH_CHECK, "acme/bert")),
    ("api/models/acme/bert/discussions", Route(Action.DISCUSSIONS, "acme/bert")),
    ("api/models/acme/bert/discussions/1", Route(Action.NOT_SERVED, "acme/bert")),
    (
        "api/models/acme/bert/safetensors-metadata/sub/model.safetensors.index.json",
        Route(Action.SHARDS, "acme/bert", "sub/model.safetensors.index.json"),
    ),
    (
        f"api/resolve-cache/models/acme/bert/{COMMIT}/a b/c.json",
        Route(Action.RESOLVE, "acme/bert", f"{COMMIT}/a b/c.json"),
    ),
    (f"api/resolve-cache/models/gpt2/{COMMIT}/x", Route(Action.RESOLVE, "gpt2", f"{COMMIT}/x")),
    ("api/resolve-cache/models/acme/bert/main/x", Route(Action.UNKNOWN)),
    (f"api/resolve-cache/datasets/acme/d/{COMMIT}/x", Route(Action.OTHER_REPO, "acme/d")),
    ("api/models/acme/bert/xet-read-token/main", Route(Action.NOT_SERVED, "acme/bert")),
    ("api/models", Route(Action.LIST)),
    ("api/models/", Route(Action.LIST)),
    ("api/models-tags-by-type", Route(Action.TAGS)),
    ("api/datasets-tags-by-type", Route(Action.TAGS)),
    ("api/whoami-v2", Route(Action.WHOAMI)),
    ("api/telemetry/transformers/x", Route(Action.TELEMETRY)),
    ("api/agent-harnesses", Route(Action.HARNESSES)),
    ("api/yard/echo", Route(Action.ECHO)),
    ("api/yard/echo/feature/x", Route(Action.ECHO)),
    (f"api/yard/models/a/b/papers/{COMMIT}", Route(Action.PAPERS, "a/b", COMMIT)),
    (f"api/yard/models/gpt2/papers/{COMMIT}", Route(Action.PAPERS, "gpt2", COMMIT)),
    ("api/yard/models/acme/bert/papers/main", Route(Action.UNKNOWN)),
    ("api/datasets", Route(Action.EMPTY_LIST)),
    ("api/datasets/acme/data/revision/main", Route(Action.OTHER_REPO, "acme/data")),
    ("datasets/acme/data/resolve/main/a.csv", Route(Action.OTHER_REPO, "acme/data")),
    ("acme/bert/resolve/main/a b/c.txt", Route(Action.RESOLVE, "acme/bert", "main/a b/c.txt")),
    ("acme/bert/resolve/main/line\nbreak", Route(Action.RESOLVE, "acme/bert", "main/line\nbreak")),
    ("gpt2/resolve/main/resolve/x", Route(Action.RESOLVE, "gpt2", "main/resolve/x")),
    ("acme/bert/raw/main/x", Route(Action.RAW, "acme/bert", "main/x")),
    ("datasets/acme/data/raw/main/x", Route(Action.OTHER_REPO, "acme/data")),
    ("acme/b e/resolve/main/x", Route(Action.UNKNOWN)),
    ("a/b/c/resolve/main/x", Route(Action.UNKNOWN)),
    ("api/quicksearch", Route(Action.UNKNOWN)),
    ("", Route(Action.UNKNOWN)),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("path", "route"), READS)
def test_an_address_names_one_action(method, path, route):
    assert parse(method, path) == route


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "api/repos/create"),
        ("POST", "api/models/acme/bert/commit/main"),
        ("POST", "api/models/acme/bert/preupload/main"),
        ("DELETE", "api/models/acme/bert"),
        ("PUT", "acme/bert/resolve/main/x"),
        ("PATCH", ""),
    ],
)
def test_no_write_is_served(method, path):
    assert parse(method, path).action is Action.NOT_SERVED


def test_paths_info_is_asked_by_post_alone():
    path = "api/models/acme/bert/paths-info/main"
    assert parse("POST", path) == Route(Action.PATHS_INFO, "acme/bert", "main")
    assert parse("GET", path).action is Action.UNKNOWN


def test_the_matrix_of_callers_asks_for_every_action():
    """A new line of the table is asked by every kind of caller, or this fails."""
    named = {"repo": "acme/bert", "commit": COMMIT}
    asked = {
        parse(method, path.partition("?")[0].removeprefix("/hf/").format(**named)).action
        for method, path, _ in ROUTES["hub:serve"]
    }
    assert asked == set(Action)
