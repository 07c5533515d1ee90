"""The matrix: what each client is asked to do, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.clients.repositories import (
    BRANCHED,
    MANY,
    MANY_FILES,
    MOVED,
    MOVED_FROM,
    ODD,
    RAISED,
    SANITISED,
    SHARDED,
    TRAINING,
    WITHDRAWN,
)
from tests.clients.world import World
from tests.standins.repos import MINILM, NON_COMMERCIAL, TINY_CONFIG, TWIN

# Of generations that are not the newest: what their clients cannot do at all.
WITHOUT = {"036": {"cache_verify", "sharded"}, "133": {"sharded"}}
MISSING = ("RepositoryNotFoundError",)
ENTRY = ("EntryNotFoundError", "RemoteEntryNotFoundError")
FIRST_CONFIG = "@commits/0001 first/config.json"
Expected = Callable[[World], Any]


@dataclass(frozen=True)
class Case:
    """One action and its end: a value, or an error of these classes with these words in it."""

    name: str
    action: str
    given: Any
    value: Expected | None = None
    error: tuple[str, ...] = ()
    words: Expected | None = None
    person: str = "cora"

    def asked(self) -> tuple[str, Any]:
        return self.action, self.given

    def check(self, world: World, answer: dict[str, Any]) -> None:
        if self.value is not None:
            assert answer == {"value": self.value(world)}
            return
        assert answer.get("error") in self.error, answer
        for word in self.words(world) if self.words else ():
            assert word in answer["text"]


def _files(repo: str, path: str) -> Expected:
    return lambda world: world.digests(repo)[path]


def _info(repo: str) -> Expected:
    def expected(world: World) -> dict[str, Any]:
        files = world.files(repo)
        large = {p: d for p, d in world.digests(repo).items() if p.endswith(".safetensors")}
        sizes = {path: len(data) for path, data in files.items()}
        return {"id": repo, "sha": world.commit(repo), "sizes": sizes, "lfs": large}

    return expected


def _sanitised(world: World) -> dict[str, str]:
    return {path: sha for path, sha in world.digests(SANITISED).items() if path != TRAINING}


def _tree(world: World) -> list[str]:
    """Directories come first, so that a page of files never has to look for them."""
    files = world.files(MANY)
    return [*sorted({path.partition("/")[0] for path in files if "/" in path}), *sorted(files)]


def _refused(action: str, how: str, repo: str, *words: str, person: str = "cora") -> Case:
    """A refusal with the reason and the page, which transformers puts into an error of its own."""
    given = [repo, "config.json"] if action == "file" else [repo]
    return Case(
        f"{action} of what is {how}",
        action,
        given,
        error=("OSError",) if action == "config" else ("GatedRepoError",),
        words=lambda world: (*words, world.page(repo)),
        person=person,
    )


_EVERY = [*(f"part-{n // 100:02}/{n:04}.txt" for n in range(MANY_FILES)), "part-01", "not/there"]
READS = [
    Case("a file", "file", [MINILM, "config.json"], _files(MINILM, "config.json")),
    Case("a file of v1", "file", [MINILM, "config.json", "v1"], _files(MINILM, "config.json")),
    Case(
        "a file of the branch",
        "file",
        [MINILM, "vocab.txt", "refs/heads/main"],
        _files(MINILM, "vocab.txt"),
    ),
    *(Case(f"the file {path}", "file", [SHARDED, path], _files(SHARDED, path)) for path in ODD),
    Case("a snapshot", "snapshot", [MINILM], lambda world: world.digests(MINILM)),
    Case("a snapshot of shards", "snapshot", [SHARDED], lambda world: world.digests(SHARDED)),
    Case("a snapshot without what is held back", "snapshot", [SANITISED], _sanitised),
    Case("info", "info", [SHARDED], _info(SHARDED)),
    Case("issues", "security", [SANITISED], lambda world: [TRAINING]),
    Case(
        "one fact",
        "expanded",
        [MINILM],
        lambda world: {"sha": world.commit(MINILM), "siblings": None},
    ),
    Case("commits", "commits", [MINILM], lambda world: [world.commit(MINILM)]),
    Case("refs", "refs", [MINILM], lambda world: {"main": world.commit(MINILM)}),
    Case("a tree over pages", "tree", [MANY], _tree),
    Case(
        "a folder",
        "tree",
        [MANY, "part-01"],
        lambda world: [f"part-01/{n:04}.txt" for n in range(100, 200)],
    ),
    Case("very many paths", "paths_info", [MANY, _EVERY], lambda world: sorted(_EVERY[:-1])),
    Case("models of an author", "listed", {"author": "sentence-transformers"}, lambda w: [MINILM]),
    Case("models by a word", "listed", {"search": "shard"}, lambda world: [SHARDED]),
    *(
        Case(
            f"models of an author by {order}",
            "listed",
            {"author": "sentence-transformers", "sort": order},
            lambda world: [MINILM],
        )
        for order in ("created_at", "downloads", "last_modified", "likes", "trending_score")
    ),
    *(
        Case(f"models by {words}", "listed", words | {"search": "minilm"}, lambda world: [MINILM])
        for words in (
            {"filter": "sentence-transformers"},
            {"filter": ["sentence-transformers", "license:apache-2.0"]},
            {"pipeline_tag": "sentence-similarity"},
        )
    ),
    Case(
        "no model by a filter",
        "listed",
        {"filter": "text-generation", "search": "minilm"},
        lambda world: [],
    ),
    Case("one model of a list", "listed", {"search": "minilm", "limit": 1}, lambda w: [MINILM]),
    Case("a card", "card", [MINILM], lambda world: "apache-2.0"),
    Case(
        "the header of one file",
        "safetensors",
        [SANITISED],
        lambda world: {"sharded": False, "first": "w", "count": 1},
    ),
    Case(
        "the headers of shards",
        "safetensors",
        [SHARDED],
        lambda world: {"sharded": True, "first": "w1", "count": 2},
    ),
    Case("access", "auth_check", [MINILM], lambda world: None),
    Case("who asks", "whoami", [], lambda world: "cora"),
    Case("what exists", "exists", [MINILM], lambda w: [True, False, True, False, True, False]),
    Case(
        "a file system",
        "file_system",
        [SANITISED, "model.safetensors"],
        lambda world: {
            "names": sorted(_sanitised(world)),
            "part": world.files(SANITISED)["model.safetensors"][8:72].hex(),
            "size": len(world.files(SANITISED)["model.safetensors"]),
        },
    ),
    Case("hf download", "download", [SANITISED], _sanitised),
    Case("hf cache verify", "cache_verify", [SHARDED], lambda world: True),
    Case("AutoConfig", "config", [SHARDED], lambda world: TINY_CONFIG["hidden_size"]),
    Case("AutoTokenizer", "tokens", [MINILM], lambda world: TOKENS),
]
TOKENS = [101, 1037, 4220, 7906, 4275, 1012, 102]
LATER = [
    Case(
        "a branch with a slash",
        "file",
        [BRANCHED, "config.json", "feature/x"],
        _files(BRANCHED, FIRST_CONFIG),
    ),
    Case(
        "a pull request",
        "file",
        [BRANCHED, "config.json", "refs/pr/1"],
        _files(BRANCHED, FIRST_CONFIG),
    ),
    Case(
        "refs with the branch",
        "refs",
        [BRANCHED],
        lambda world: {"main": world.commit(BRANCHED), "feature/x": world.commit(BRANCHED, "1")},
    ),
    Case(
        "an old name",
        "file",
        [MOVED_FROM, "README.md"],
        _files(MOVED, "README.md"),
    ),
    Case(
        "all headers in one answer",
        "sharded",
        [SHARDED],
        lambda world: ["w1", "w2"],
    ),
    Case(
        "raw text",
        "raw",
        [SHARDED, "README.md"],
        lambda world: world.files(SHARDED)["README.md"].decode(),
    ),
    Case(
        "no discussions",
        "discussions",
        [SHARDED],
        lambda world: {"discussions": [], "count": 0, "start": 0},
    ),
    Case("a limit", "limited", [SHARDED], lambda world: True),
]
DENIED = [
    case
    for action in ("file", "info", "snapshot", "tree", "auth_check", "config")
    for case in (
        _refused(action, "held", TWIN, "pytorch_model.bin", "system"),
        _refused(action, "withdrawn", WITHDRAWN, "was withdrawn"),
        _refused(action, "of a higher tier", RAISED, "tier professional", "curator", person="lena"),
        _refused(action, "of a refused license", NON_COMMERCIAL, "cense", person="lena"),
    )
]
MISSED = [
    Case(
        "a file held back",
        "file",
        [SANITISED, TRAINING],
        error=ENTRY,
        words=lambda w: ("held back",),
    ),
    Case("a file that is not there", "file", [MINILM, "nothing.json"], error=ENTRY),
    Case(
        "a revision that is not there",
        "file",
        [MINILM, "config.json", "nope"],
        error=("RevisionNotFoundError",),
        words=lambda world: ("Invalid rev id: nope",),
    ),
    Case("a model that is not there", "file", ["acme/nothing", "config.json"], error=MISSING),
    Case("a data set", "dataset", ["acme/data"], error=MISSING),
    Case("a tier that hides it", "file", [TWIN, "config.json"], error=MISSING, person="lena"),
    Case(
        "no key",
        "info",
        [MINILM],
        error=MISSING,
        words=lambda world: ("set HF_TOKEN",),
        person="nobody",
    ),
    Case(
        "a wrong key",
        "info",
        [MINILM],
        error=("HfHubHTTPError",),
        words=lambda world: ("Invalid credentials",),
        person="stranger",
    ),
]
CASES = [*READS, *LATER, *DENIED, *MISSED]
