"""What a bundle says it holds, read strictly: unknown words, double or odd names are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.bundles.layout import MAX_MEMBERS, Member, content_path, is_member_path
from core.errors import BundleRefusedError

FORMAT: Final = "modelyard-bundle"
_PART: Final = "[A-Za-z0-9_][A-Za-z0-9._:-]{0,95}"
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
Words = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(max_length=200)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ListedMember(Strict):
    path: Annotated[str, Field(max_length=100)]
    sha256: Sha256
    size: Size


class ListedVersion(Strict):
    """One version by name; `folder` is where its papers are."""

    source: Annotated[str, Field(pattern="^[a-z0-9_-]{1,32}$")]
    repo_id: Annotated[str, Field(pattern=f"^{_PART}(/{_PART})?$")]
    commit: Annotated[str, Field(pattern="^[0-9a-f]{7,64}$")]
    number: Annotated[int, Field(ge=1)]
    admission: Literal["pending", "admitted", "held", "withdrawn"]
    bytes: Size
    folder: Annotated[str, Field(pattern="^versions/[0-9]{4,6}$")]

    @property
    def name(self) -> str:
        return f"{self.repo_id}@{self.commit[:7]}"


class Manifest(Strict):
    """All that is signed: every member by digest and size, and which versions they are of.

    `quarantine` is the reason why an admin sent versions that are not admitted; '' otherwise.
    """

    format: Literal["modelyard-bundle"] = FORMAT
    format_version: Literal[1] = 1
    created: Name
    yard: Name
    yard_version: Name
    quarantine: Words
    versions: Annotated[list[ListedVersion], Field(min_length=1, max_length=10_000)]
    members: Annotated[list[ListedMember], Field(max_length=MAX_MEMBERS)]

    def listed(self) -> list[Member]:
        """Return the members that the manifest names, in the order of the archive."""
        return [Member(one.path, one.sha256, one.size) for one in self.members]


def written(manifest: Manifest) -> bytes:
    """Return the bytes that are signed."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(manifest.model_dump(mode="json"), option=options)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_manifest(content: bytes) -> Manifest:
    """Parse and check a manifest; what does not hold together is refused."""
    try:
        manifest = Manifest.model_validate(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        raise _refused("it is no JSON") from error
    except ValidationError as error:
        raise _refused(first_fault(error)) from error
    _check_members(manifest.members)
    folders = [version.folder for version in manifest.versions]
    if len(set(folders)) != len(folders):
        raise _refused("two versions share a folder")
    return manifest


def _check_members(members: Iterable[ListedMember]) -> None:
    seen: set[str] = set()
    contents = False
    for member in members:
        if not is_member_path(member.path):
            raise _refused(f"a bundle may hold no member called {member.path!r}")
        if member.path in seen:
            raise _refused(f"{member.path} is named twice")
        seen.add(member.path)
        is_content = member.path.startswith("contents/")
        if is_content and member.path != content_path(member.sha256):
            raise _refused(f"{member.path} is not the name of a content with its digest")
        if contents and not is_content:
            raise _refused(f"{member.path} stands behind the contents")
        contents = is_content


def first_fault(error: ValidationError) -> str:
    """Say where and what, without quoting the value at length."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in fault["loc"])[:120]
    return f"{where}: {fault['msg']}" if where else str(fault["msg"])


def _refused(why: str) -> BundleRefusedError:
    return BundleRefusedError(f"The manifest is not one this yard reads: {why}.", reason="manifest")
