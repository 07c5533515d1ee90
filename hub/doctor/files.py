"""Probes of the bytes: lengths, parts, where redirects lead, and whether they begin in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from core.errors import ModelyardError
from hub.doctor.wire import Answer, SkippedError, Wire

_OK: Final = 200
_PART: Final = 206
_BEHIND: Final = 416


class NoModelError(Exception):
    """There is nothing to fetch with this key; the text says why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Two files of one version: the smallest that is not empty, and the largest."""

    repo_id: str
    commit: str
    small: str
    small_size: int
    large: str
    large_size: int

    def address(self, path: str) -> str:
        return f"/{self.repo_id}/resolve/{self.commit}/{quote(path)}"


def sample_of(wire: Wire, repo_id: str) -> Sample:
    """Choose files of this model, or of the first in the list. Raises NoModelError."""
    repo_id = repo_id or _first(wire)
    info = wire.ask(f"/api/models/{repo_id}?blobs=true")
    if info.status != _OK:
        raise NoModelError(f"{repo_id} was answered {info.status}: {info.body.get('error', '')}")
    sizes = {str(one["rfilename"]): int(one["size"]) for one in info.body.get("siblings") or ()}
    full = {path: size for path, size in sizes.items() if size}
    if not full:
        raise NoModelError(f"{repo_id} has no file that is not empty.")
    small, large = min(full, key=full.__getitem__), max(full, key=full.__getitem__)
    return Sample(repo_id, str(info.body["sha"]), small, full[small], large, full[large])


def _first(wire: Wire) -> str:
    found = wire.ask("/api/models?limit=1").document
    if not isinstance(found, list) or not found:
        raise NoModelError("This key sees no admitted model to try with.")
    return str(found[0]["id"])


def lengths_stay(wire: Wire, sample: Sample) -> str:
    """Clients take the size of a file from its HEAD."""
    head = wire.ask(sample.address(sample.large), method="HEAD")
    if head.status != _OK:
        return f"HEAD of {sample.large} was answered with status {head.status}."
    if head.header("Content-Encoding"):
        raise SkippedError("It was packed, as packing says.")
    told = head.header("Content-Length")
    if told == str(sample.large_size):
        return ""
    true = f"{sample.large}, which has {sample.large_size} bytes"
    return f"HEAD of {true}, was answered with {f'Content-Length {told}' if told else 'no length'}."


def parts_come(wire: Wire, sample: Sample) -> str:
    """An interrupted download goes on only where parts can be had."""
    size = sample.small_size
    first = f"bytes 0-0/{size}"
    last = f"bytes {size - 1}-{size - 1}/{size}"
    for asked, status, told in (
        ("bytes=0-0", _PART, first),
        ("bytes=-1", _PART, last),
        (f"bytes={size}-", _BEHIND, ""),
    ):
        answer = wire.ask(sample.address(sample.small), headers={"Range": asked})
        if answer.is_redirect:
            return ""  # looked at where it leads
        if answer.status != status or told not in ("", answer.header("Content-Range")):
            return f"Range: {asked} of {sample.small} was answered {_told(answer)}, not {status}."
    return ""


def storage_is_apart(wire: Wire, sample: Sample) -> str:
    """A redirect to bytes leads to another host name, needs no key, and takes ranges."""
    path = sample.address(sample.small)
    answer = wire.ask(path, headers={"Range": "bytes=0-0"})
    if not answer.is_redirect:
        return ""
    place = wire.place_of(path, answer.header("Location"))
    return _trap(wire, place) or _stored(wire, place)


def _trap(wire: Wire, place: str) -> str:
    parts = urlsplit(place)
    if parts.hostname == wire.host:
        return f"Bytes are at {_shown(place)}, the same host name: clients send their key there."
    if urlsplit(wire.url).scheme == "https" and parts.scheme != "https":
        return f"Bytes are at {_shown(place)}, without TLS."
    return ""


def _stored(wire: Wire, place: str) -> str:
    try:
        stored = wire.ask_anywhere(place, {"Range": "bytes=0-0"})
    except ModelyardError as error:
        return f"Bytes are at {_shown(place)}, not reached from here: {error.message}"
    if stored.status == _PART:
        return ""
    return f"Bytes are at {_shown(place)}, which answers a part with {_told(stored)}."


def _shown(place: str) -> str:
    """An address without its signature."""
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.netloc}"


def bytes_begin(wire: Wire, sample: Sample) -> str:
    """A proxy that takes the whole file before it sends the first byte outlasts every client."""
    if wire.begins(sample.address(sample.large)):
        return ""
    return f"No byte of {sample.large} came within {wire.policy.read_timeout:.0f} seconds."


def _told(answer: Answer) -> str:
    part = answer.header("Content-Range")
    return f"{answer.status} ({part})" if part else str(answer.status)
