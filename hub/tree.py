"""The files of a version as the Hub lists them: levels, pages, the paths that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db.models import QuerySet, Value
from django.db.models.functions import StrIndex, Substr

from catalog.selectors.file_scans import FileVerdict, file_verdicts
from hub import blobs, selectors
from hub.decision import Place
from hub.directories import directories_of
from hub.errors import EntryNotFoundError
from registry.models import ModelFile, ModelVersion
from scanning.policy import WORST_FIRST
from scanning.scanners import Verdict

_WORDS: Final = {
    Verdict.CLEAN: "safe",
    Verdict.SUSPICIOUS: "suspicious",
    Verdict.UNSAFE: "unsafe",
    Verdict.INCOMPLETE: "unscanned",
}
_VIRUS_ENGINES: Final = ("clamav",)
_PICKLE_ENGINES: Final = ("pickle_ops", "picklescan")
_REPORTS_AT_ONCE: Final = 1000  # of files whose reports are in memory together


def page_of(
    place: Place, *, recursive: bool, expand: bool, after: str, limit: int
) -> tuple[list[dict[str, Any]], str]:
    """Give one page of the directory, and what to continue after ('' at the end).

    Directories come before files, so that a page of files is a part of the index and no more.
    `after` is the path of the last entry, with a slash behind it where that is a directory.
    """
    path = place.path.strip("/")
    _check_directory(place, path)
    start = f"{path}/" if path else ""
    folders: list[tuple[str, str]] = []
    if not after or after.endswith("/"):
        folders = _folders_below(place.version, start, recursive=recursive, after=after[:-1])
        folders, after = folders[: limit + 1], ""
    files = _files_below(place.version, start, recursive=recursive).filter(path__gt=after)
    found = list(files[: limit + 1 - len(folders)])
    entries = [*map(_folder_entry, folders), *_file_entries(found[:limit], expand=expand)][:limit]
    if len(folders) + len(found) <= limit:
        return entries, ""
    last = entries[-1]
    return entries, last["path"] + "/" * (last["type"] == "directory")


def _check_directory(place: Place, path: str) -> None:
    """Clients probe for directories that few models have: one look at the index answers them."""
    below = selectors.served_files(place.version).filter(path__startswith=f"{path}/")
    if path and not below.exists():
        message = f"{place.version} has no directory {path!r}."
        raise EntryNotFoundError(message, commit=place.version.commit)


def _folders_below(
    version: ModelVersion, start: str, *, recursive: bool, after: str
) -> list[tuple[str, str]]:
    return [
        (path, oid)
        for path, oid in directories_of(version).items()
        if path.startswith(start) and path > after and (recursive or "/" not in path[len(start) :])
    ]


def _files_below(version: ModelVersion, start: str, *, recursive: bool) -> QuerySet[ModelFile]:
    files = selectors.served_files(version)
    if start:
        files = files.filter(path__startswith=start)
    if recursive:
        return files
    return files.alias(slash=StrIndex(Substr("path", len(start) + 1), Value("/"))).filter(slash=0)


def paths_info(
    version: ModelVersion, paths: Iterable[str], *, expand: bool
) -> list[dict[str, Any]]:
    """Describe the paths that there are; the others are left out."""
    wanted = dict.fromkeys(path.strip("/") for path in paths if _could_be(path))
    files = list(selectors.served_files(version).filter(path__in=wanted))
    found = {entry["path"]: entry for entry in _file_entries(files, expand=expand)}
    folders = directories_of(version) if len(found) < len(wanted) else {}
    found |= {path: _folder_entry((path, folders[path])) for path in wanted if path in folders}
    return [found[path] for path in wanted if path in found]


def _could_be(path: str) -> bool:
    """JSON can hold what is no text to the database."""
    return "\0" not in path and not any("\ud800" <= letter <= "\udfff" for letter in path)


def _folder_entry(folder: tuple[str, str]) -> dict[str, Any]:
    path, oid = folder
    return {"type": "directory", "oid": oid, "size": 0, "path": path}


def _file_entries(files: Sequence[ModelFile], *, expand: bool) -> list[dict[str, Any]]:
    """Describe the files; expanded also with what the scan says of each."""
    entries = [file_entry(file) for file in files]
    if expand:
        for first in range(0, len(files), _REPORTS_AT_ONCE):
            verdicts = file_verdicts(files[first : first + _REPORTS_AT_ONCE])
            for entry in entries[first : first + _REPORTS_AT_ONCE]:
                entry["securityFileStatus"] = _security(verdicts[entry["path"]])
    return entries


def file_entry(file: ModelFile) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "file",
        "oid": blobs.blob_id_of(file),
        "size": file.size,
        "path": file.path,
    }
    if blobs.is_lfs(file):
        pointer = blobs.pointer_of(file.sha256, file.size)
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": pointer.size}
    return entry


def _security(told: FileVerdict) -> dict[str, Any]:
    """Clients want all three keys; engines that did not report on the file have not scanned it."""
    return {
        "status": _WORDS[told.verdict],
        "avScan": {"status": _word_of(told.by_engine, _VIRUS_ENGINES)},
        "pickleImportScan": {"status": _word_of(told.by_engine, _PICKLE_ENGINES)},
    }


def _word_of(verdicts: Mapping[str, Verdict], engines: Iterable[str]) -> str:
    said = {verdicts[engine] for engine in engines if engine in verdicts}
    worst = next((verdict for verdict in WORST_FIRST if verdict in said), Verdict.INCOMPLETE)
    return _WORDS[worst]
