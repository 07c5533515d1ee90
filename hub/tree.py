"""The files of a version as the Hub lists them: levels, pages, the paths that were asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from hub import blobs, selectors
from hub.decision import Place
from hub.errors import EntryNotFoundError
from registry.enums import ScanVerdict
from registry.models import ModelFile, ModelVersion

_SECURITY: Final[dict[str, str]] = {
    ScanVerdict.CLEAN: "safe",
    ScanVerdict.SUSPICIOUS: "suspicious",
    ScanVerdict.UNSAFE: "unsafe",
}


@dataclass(frozen=True, slots=True)
class Tree:
    """The entries of a version by path: files as rows, directories with their git ids."""

    files: dict[str, ModelFile]
    directories: dict[str, str]

    def below(self, path: str, *, recursive: bool) -> list[str]:
        """Paths in the directory `path` ('' is the root), in order."""
        start = f"{path}/" if path else ""
        return sorted(
            name
            for name in (*self.files, *self.directories)
            if name.startswith(start)
            and name != path
            and name
            and (recursive or "/" not in name[len(start) :])
        )


def tree_of(version: ModelVersion) -> Tree:
    """Load what the version serves; one query, whatever the number of files."""
    files = {file.path: file for file in selectors.served_files(version)}
    return Tree(files, _directories(files.values()))


def _directories(files: Iterable[ModelFile]) -> dict[str, str]:
    """Give every directory the id that git would give it, the deepest first."""
    children: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for file in files:
        parent, _, name = file.path.rpartition("/")
        children[parent][name] = blobs.blob_id_of(file)
        while parent:
            parent, _, name = parent.rpartition("/")
            children[parent][name] = ""
    ids: dict[str, str] = {}
    for path in sorted(filter(None, children), key=lambda path: -path.count("/")):
        ids[path] = blobs.tree_id(
            (name, oid or ids[f"{path}/{name}"], not oid) for name, oid in children[path].items()
        )
    return ids


def page_of(
    place: Place, *, recursive: bool, expand: bool, after: str, limit: int
) -> tuple[list[dict[str, Any]], str]:
    """Give one page of the directory and the path to continue after ('' at the end)."""
    tree, path = tree_of(place.version), place.path.strip("/")
    if path and path not in tree.directories:
        message = f"{place.version} has no directory {path!r}."
        raise EntryNotFoundError(message, commit=place.version.commit)
    names = [name for name in tree.below(path, recursive=recursive) if name > after]
    shown = names[:limit]
    entries = list(_entries(place.version, tree, shown, expand=expand))
    return entries, shown[-1] if len(names) > limit else ""


def paths_info(
    version: ModelVersion, paths: Iterable[str], *, expand: bool
) -> list[dict[str, Any]]:
    """Describe the paths that there are; the others are left out."""
    wanted = dict.fromkeys(path.strip("/") for path in paths)
    return list(_entries(version, tree_of(version), wanted, expand=expand))


def _entries(
    version: ModelVersion, tree: Tree, names: Iterable[str], *, expand: bool
) -> Iterator[dict[str, Any]]:
    for name in names:
        if file := tree.files.get(name):
            yield file_entry(file, version=version if expand else None)
        elif oid := tree.directories.get(name):
            yield {"type": "directory", "oid": oid, "size": 0, "path": name}


def file_entry(file: ModelFile, *, version: ModelVersion | None = None) -> dict[str, Any]:
    """Describe a file; with its version also what the scan of the version said."""
    entry: dict[str, Any] = {
        "type": "file",
        "oid": blobs.blob_id_of(file),
        "size": file.size,
        "path": file.path,
    }
    if blobs.is_lfs(file):
        pointer = blobs.pointer_of(file.sha256, file.size)
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": pointer.size}
    if version is not None:
        entry["securityFileStatus"] = {
            "status": _SECURITY.get(version.scan_verdict, "unscanned"),
            "avScan": None,
            "pickleImportScan": None,
        }
    return entry
