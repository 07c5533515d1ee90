"""Models described in XML (OpenVINO, PMML): entities, extensions and files elsewhere.

Read by expat event by event; the first declaration of an entity ends the reading, so nothing is
ever expanded or fetched.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import ClassVar
from xml.parsers import expat

from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners.base import (
    MEBIBYTE,
    Canary,
    Coverage,
    Report,
    Rule,
    Scanner,
    Severity,
    scanners,
)

_SUFFIXES = frozenset({".xml", ".pmml"})
_BEGINS = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:\?xml|!DOCTYPE|PMML|net)\b", re.IGNORECASE)
_WIDE = (b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00?\x00", b"\x00<\x00?")
_MAX_DEPTH = 1000
_OPSET = re.compile(r"opset\d+\Z|experimental\Z|\Z")
_XXE = "https://cwe.mitre.org/data/definitions/611.html"
_FOREIGN = "https://cwe.mitre.org/data/definitions/829.html"


@scanners.register
class XmlModels(Scanner):
    """Unsafe for entities and inclusions; suspicious for operators from foreign libraries."""

    slug = "xml_models"
    title = "Models in XML"
    rules: ClassVar = {
        "xml_entity": Rule("XML declares entities or includes files", _XXE),
        "xml_doctype": Rule("XML has a document type", _XXE),
        "xml_invalid": Rule("XML that cannot be read"),
        "openvino_extension": Rule("OpenVINO needs a foreign library", _FOREIGN),
        "pmml_function": Rule("PMML calls foreign code", _FOREIGN),
        "xml_path": Rule(
            "XML names a file elsewhere", "https://cwe.mitre.org/data/definitions/22.html"
        ),
    }

    @property
    def engine(self) -> str:
        return "xml_models/1"

    def canary(self) -> Canary:
        content = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///x">]><a>&x;</a>'
        return Canary("canary.xml", content)

    def handles(self, path: PurePath, head: bytes) -> bool:
        if path.suffix.lower() in _SUFFIXES and b"<" in head:
            return True
        return bool(_BEGINS.match(head)) or head.startswith(_WIDE)

    def scan(self, path: Path, name: PurePath) -> Report:
        size = path.stat().st_size
        if size > self.options.max_text_bytes:
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        notes = Notes()
        _Reading(notes).read(path)
        return notes.report(size)


class _StoppedError(Exception):
    """What was seen is enough, and going on would be dangerous."""


class _Reading:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.StartElementHandler = self._element
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entity
        self._parser.ProcessingInstructionHandler = self._instruction

    def read(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                while piece := file.read(MEBIBYTE):
                    self._parser.Parse(piece, False)  # noqa: FBT003 expat's own form
            self._parser.Parse(b"", True)  # noqa: FBT003 expat's own form
        except expat.ExpatError as error:
            self.notes.add("xml_invalid", Severity.MEDIUM, "is no XML", str(error))
        except _StoppedError:
            return

    def _doctype(self, name: str, system: str | None, public: str | None, _: int) -> None:
        if system or public:
            message = "has a document type in another file"
            self.notes.add("xml_entity", Severity.HIGH, message, f"{system or ''} {public or ''}")
        else:
            self.notes.add("xml_doctype", Severity.LOW, "has a document type", name)

    def _entity(self, name: str, *rest: object) -> None:
        message = "declares entities, which readers expand or fetch"
        self.notes.add("xml_entity", Severity.HIGH, message, f"{name} {rest[1] or rest[3] or ''}")
        raise _StoppedError

    def _instruction(self, target: str, data: str) -> None:
        if "stylesheet" in target.lower():
            message = "names a style sheet that its reader runs"
            self.notes.add("xml_entity", Severity.MEDIUM, message, data)

    def _element(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self.notes.add("xml_invalid", Severity.MEDIUM, "is nested too deeply", tag)
            raise _StoppedError
        name = tag.rpartition(":")[2]
        if name == "include" and "href" in attributes:
            message = "includes another file"
            self.notes.add("xml_entity", Severity.HIGH, message, attributes["href"])
        elif name == "layer":
            self._layer(attributes)
        elif name in {"Apply", "DefineFunction"}:
            self._function(attributes)
        if name in {"data", "TableLocator", "weights"}:
            self._paths(attributes)

    def _end(self, _: str) -> None:
        self._depth -= 1

    def _layer(self, attributes: dict[str, str]) -> None:
        version = attributes.get("version", "")
        if not _OPSET.match(version):
            message = "needs an operator of a library that is not OpenVINO's"
            evidence = f"{version}::{attributes.get('type', '')}"
            self.notes.add("openvino_extension", Severity.MEDIUM, message, evidence)

    def _function(self, attributes: dict[str, str]) -> None:
        function = attributes.get("function", "")
        if "." in function or ":" in function:
            message = "calls a function by the name of a class"
            self.notes.add("pmml_function", Severity.MEDIUM, message, function)

    def _paths(self, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if key.lower() in {"path", "file", "href", "location", "source"} and leads_away(value):
                message = "names a file outside of its folder"
                self.notes.add("xml_path", Severity.HIGH, message, value)
