"""All probes in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from core.errors import ModelyardError
from hub.doctor import files, headers, oci
from hub.doctor.entrance import enter
from hub.doctor.files import NoModelError, Sample, sample_of
from hub.doctor.remedies import WORDS
from hub.doctor.wire import Answer, SkippedError, Wire

OK: Final = "ok"
FAULT: Final = "fault"
SKIPPED: Final = "skipped"
Given = TypeVar("Given", Answer, Sample)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe found: ok, a fault with its remedy, or skipped with the reason.

    `settings` are the lines of the remedy, each with what it is a line for. `asked` is what a
    client was asked to do, each with what went wrong, '' where nothing did; probes have none.
    """

    probe: str
    state: str
    sentence: str = ""
    remedy: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    asked: tuple[tuple[str, str], ...] = ()


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
    "registry": oci.registry_reached,
    "realm": oci.realm_is_here,
    "parts": oci.parts_come,
}
NEEDED: Final = {"realm": "registry", "parts": "registry"}  # nothing is there without the other
BYTES: Final[Mapping[str, Callable[[Wire, Sample], str]]] = {
    "length": files.lengths_stay,
    "ranges": files.parts_come,
    "storage": files.storage_is_apart,
    "begin": files.bytes_begin,
}
PROBES: Final = 1 + len(WAY) + len(BYTES)  # findings of an examination


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
    yield from _of_the_way(wire, entrance.echo)
    yield from _of_bytes(wire, model)


def judged(
    name: str, sentence: str, *, words: str = "", asked: tuple[tuple[str, str], ...] = ()
) -> Finding:
    """Make the finding of a probe; no sentence means that all is well.

    `words` is the name under which WORDS has what it says, where it is another.
    """
    said = WORDS[words or name]
    if not sentence:
        return Finding(name, OK, said.sound, asked=asked)
    return Finding(name, FAULT, sentence, said.mend, said.settings, asked)


def were_bytes_tried(found: Iterable[Finding]) -> bool:
    """Whether there was a file to try, which a client can be let fetch as well."""
    return any(one.probe in BYTES and one.state != SKIPPED for one in found)


def _of_the_way(wire: Wire, echo: Answer) -> Iterator[Finding]:
    wrong: set[str] = set()
    for name, probe in WAY.items():
        before = NEEDED.get(name, "")
        if before in wrong:
            yield from _skipped([name], f"What {before} says comes first.")
            continue
        finding = _looked(name, probe, wire, echo)
        if finding.state == FAULT:
            wrong.add(name)
        yield finding


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
        yield _looked(name, probe, wire, sample)


def _looked(name: str, probe: Callable[[Wire, Given], str], wire: Wire, given: Given) -> Finding:
    try:
        return judged(name, probe(wire, given))
    except SkippedError as why:
        said = WORDS[name]
        mend = (said.mend, said.settings) if why.mend else ("", ())
        return Finding(name, SKIPPED, str(why), *mend)
    except ModelyardError as error:  # no answer that can be read is the fault of this probe
        return judged(name, error.message)


def _skipped(names: Iterable[str], why: str) -> Iterator[Finding]:
    for name in names:
        yield Finding(name, SKIPPED, why)
