"""What a bundle says of one version: its files, and what the yard that sent it knew of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import AwareDatetime, Field, ValidationError

from catalog.bundles.manifest import ListedVersion, Name, Sha256, Size, Strict, Words, first_fault
from catalog.sources.paths import check_path, check_tree
from core.errors import BundleRefusedError, InvalidInputError

VERSION: Final = "version.json"
DECISION: Final = "decision.json"
SCAN: Final = "scan.sarif"
BOM: Final = "mlbom.cdx.json"
CARD: Final = "README.md"
HELD_THERE: Final = "held back by the yard that sent it"
LEFT_THERE: Final = "left out by the yard that sent it"


class ToldFile(Strict):
    """One path of the version. `left_out` says why its bytes are not in the bundle."""

    path: Annotated[str, Field(min_length=1, max_length=1000)]
    size: Size
    sha256: Sha256 | Literal[""]
    git_oid: Annotated[str, Field(pattern="^([0-9a-f]{40})?$")]
    lfs: bool
    left_out: Annotated[str, Field(max_length=80)] = ""


class Told(Strict):
    """What the source said of the version when it was pinned."""

    author: Name = ""
    gated: Name = ""
    private: bool = False
    pipeline_tag: Name = ""
    library_name: Name = ""
    downloads: int | None = None
    likes: int | None = None
    source_tags: Annotated[list[Words], Field(max_length=1000)] = []
    base_models: Annotated[list[Words], Field(max_length=100)] = []
    moved_from: Words = ""
    last_modified: AwareDatetime | None = None


class VersionPaper(Strict):
    """A version as its yard has it. Files and names count; all else is for reading."""

    source: Name
    repo_id: Name
    commit: Name
    number: int
    parent: Annotated[str, Field(pattern="^([0-9a-f]{7,64})?$")]
    private: bool
    reach: Literal["open", "gated", "private"]
    told: Told
    files: Annotated[list[ToldFile], Field(min_length=1, max_length=200_000)]
    card: Annotated[str, Field(max_length=1000)] = ""
    licenses: dict[str, str] = Field(default_factory=dict)
    model_type: Name = ""
    config: dict[str, Any] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    tags: list[Words] = Field(default_factory=list)
    changes: str = ""


def written(paper: Strict | Mapping[str, Any]) -> bytes:
    """Write a document that people read as well."""
    data = paper.model_dump(mode="json") if isinstance(paper, Strict) else paper
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(data, option=options)


def read_version(content: bytes, listed: ListedVersion) -> VersionPaper:
    """Parse the paper of a version and hold it against what the manifest says."""
    try:
        paper = VersionPaper.model_validate(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        raise _refused(listed, "it is no JSON") from error
    except ValidationError as error:
        raise _refused(listed, first_fault(error)) from error
    named = (paper.source, paper.repo_id, paper.commit, paper.number)
    if named != (listed.source, listed.repo_id, listed.commit, listed.number):
        raise _refused(listed, "it is of another version than the manifest says")
    for file in paper.files:
        if not file.sha256 and not file.left_out:
            raise _refused(listed, f"{file.path} has no digest")
    try:
        check_tree(check_path(file.path) for file in paper.files)
    except InvalidInputError as error:
        raise _refused(listed, error.message) from error
    return paper


def check_contents(papers: Iterable[VersionPaper], contents: Mapping[str, int]) -> None:
    """Refuse a bundle whose contents are not exactly those that its files have."""
    wanted: dict[str, int] = {}
    for paper in papers:
        for file in paper.files:
            if file.left_out:
                continue
            if wanted.setdefault(file.sha256, file.size) != file.size:
                raise _mismatch(f"two sizes are given for {file.sha256}")
    if missing := sorted(wanted.keys() - contents.keys()):
        raise _mismatch(f"{missing[0]} is not in the archive")
    if spare := sorted(contents.keys() - wanted.keys()):
        raise _mismatch(f"{spare[0]} belongs to no file")
    if wrong := sorted(key for key, size in wanted.items() if contents[key] != size):
        raise _mismatch(f"{wrong[0]} has another size than its file")


def _mismatch(why: str) -> BundleRefusedError:
    return BundleRefusedError(
        f"Files and contents of the bundle do not fit together: {why}.", reason="contents"
    )


def _refused(listed: ListedVersion, why: str) -> BundleRefusedError:
    return BundleRefusedError(
        f"The paper of {listed.name} is not one this yard reads: {why}.", reason="version"
    )
