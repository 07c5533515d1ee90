"""All probes in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from core.errors import ModelyardError
from hub.doctor import files, headers
from hub.doctor.entrance import enter
from hub.doctor.files import NoModelError, Sample, sample_of
from hub.doctor.remedies import REMEDIES
from hub.doctor.wire import Answer, Wire

OK: Final = "ok"
FAULT: Final = "fault"
SKIPPED: Final = "skipped"
Given = TypeVar("Given", Answer, Sample)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe found: ok, a fault with its remedy, or skipped with the reason."""

    probe: str
    state: str
    sentence: str = ""
    remedy: str = ""


WAY: Final[Mapping[str, Callable[[Wire, Answer], str]]] = {
    "headers": headers.lost_headers,
    "head": headers.head_stays,
    "packing": headers.nothing_packs,
    "paths": headers.paths_stay,
    "link": headers.link_leads_here,
    "redirects": headers.redirects_stay,
    "refusals": headers.refusals_stay,
    "bodies": headers.bodies_pass,
    "cache": headers.nothing_is_kept,
    "clock": headers.clocks_agree,
}
BYTES: Final[Mapping[str, Callable[[Wire, Sample], str]]] = {
    "length": files.lengths_stay,
    "ranges": files.parts_come,
    "storage": files.storage_is_apart,
    "begin": files.bytes_begin,
}


def examine(wire: Wire, *, model: str = "") -> Iterator[Finding]:
    """Ask everything in order; every probe has one finding, whatever happens to the others."""
    entrance = enter(wire)
    if entrance.fault:
        name, sentence = entrance.fault
        yield judged(name, sentence)
        yield from _skipped([*WAY, *BYTES], "Nothing else can be looked at before that.")
        return
    yield judged("hub", "")
    if entrance.echo is None:
        yield from _skipped([*WAY, *BYTES], "Without a key nothing else is answered.")
        return
    for name, probe in WAY.items():
        yield judged(name, _sentence(probe, wire, entrance.echo))
    yield from _of_bytes(wire, model)


def judged(name: str, sentence: str, *, remedy: str = "") -> Finding:
    """Make the finding of a probe; no sentence means that all is well."""
    if not sentence:
        return Finding(name, OK)
    return Finding(name, FAULT, sentence, remedy or REMEDIES[name])


def _of_bytes(wire: Wire, model: str) -> Iterator[Finding]:
    try:
        sample = sample_of(wire, model)
    except NoModelError as error:
        yield from _skipped(BYTES, str(error))
        return
    except ModelyardError as error:
        yield judged("answers", error.message)
        yield from _skipped(BYTES, "No model could be chosen.")
        return
    for name, probe in BYTES.items():
        yield judged(name, _sentence(probe, wire, sample))


def _sentence(probe: Callable[[Wire, Given], str], wire: Wire, given: Given) -> str:
    try:
        return probe(wire, given)
    except ModelyardError as error:  # no answer that can be read is the fault of this probe
        return error.message


def _skipped(names: Iterable[str], why: str) -> Iterator[Finding]:
    for name in names:
        yield Finding(name, SKIPPED, why)
