"""Keep the few texts of a version that people compare: card, license, chat template, parameters.

They are kept when it is inspected, so that a version whose bytes are never fetched can be compared
too. A file that its parent has as well is not asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.db import transaction

from catalog.inspectors.base import Problems, Reader, parse_json, read_bytes
from catalog.inspectors.card import PATH as CARD
from catalog.models import VersionText
from catalog.policy.changes import Text
from catalog.policy.files import File
from core.errors import InvalidInputError
from core.plain_values import plain_text
from licenses.services import license_paths
from registry.models import ModelVersion

LARGEST_FILE: Final = 4 << 20
LONGEST: Final = 200_000  # letters of one text
MOST_LICENSES: Final = 3
_TEMPLATES: Final = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
_PARAMETERS: Final = "generation_config.json"


def keep_texts(version: ModelVersion, reader: Reader) -> bool:
    """Keep the version's texts in place of any kept before; say whether all could be read."""
    paths = set(version.files.values_list("path", flat=True))
    problems, found = Problems(), list[Text]()
    known = _of_parent(version)
    for kind, path in _wanted(paths, _license_link(version)):
        if (kind, path) in known:
            found += known[kind, path]
            continue
        content = read_bytes(reader, path, LARGEST_FILE, problems)
        body = _body(kind, path, content or b"")
        if body:
            found.append(Text(kind, path, body[:LONGEST], len(body) > LONGEST))
    if problems.found:
        found = []
    _replace(version, found)
    return not problems.found


@transaction.atomic
def _replace(version: ModelVersion, texts: Iterable[Text]) -> None:
    VersionText.objects.filter(version=version).delete()
    VersionText.objects.bulk_create(
        VersionText(version=version, kind=t.kind, path=t.path, body=t.body, is_cut=t.is_cut)
        for t in texts
    )


def _wanted(paths: set[str], license_link: object) -> Iterator[tuple[str, str]]:
    if CARD in paths:
        yield "card", CARD
    licenses = [path for path in license_paths(paths, license_link) if path != CARD]
    for path in licenses[:MOST_LICENSES]:
        yield "license", path
    template = next((path for path in _TEMPLATES if path in paths), "")
    if template:
        yield "chat_template", template
    if _PARAMETERS in paths:
        yield "parameters", _PARAMETERS


def _of_parent(version: ModelVersion) -> dict[tuple[str, str], list[Text]]:
    """What was read of the parent in files that did not change; that there is none is an answer."""
    parent = version.parent
    if parent is None or "texts" not in parent.facts:
        return {}
    columns = ("path", "size", "sha256", "git_oid")
    mine = {f.path: f for f in (File(*row) for row in version.files.values_list(*columns))}
    old = (File(*row) for row in parent.files.values_list(*columns))
    theirs = {file.path: file for file in old}
    kept: dict[tuple[str, str], list[Text]] = {
        (kind, path): []
        for kind, path in _wanted(set(theirs), _license_link(parent))
        if path in mine and theirs[path].is_same(mine[path])
    }
    for row in VersionText.objects.filter(version=parent):
        if (row.kind, row.path) in kept:
            kept[row.kind, row.path].append(Text(row.kind, row.path, row.body, row.is_cut))
    return kept


def _license_link(version: ModelVersion) -> object:
    return (version.facts.get("card") or {}).get("license_link")


def _body(kind: str, path: str, content: bytes) -> str:
    if not path.endswith(".json"):
        return plain_text(content.decode("utf-8", "replace"))
    try:
        data = parse_json(content)
    except InvalidInputError:
        data = None
    values: Mapping[str, Any] = data if isinstance(data, dict) else {}
    if kind == "parameters":
        return plain_text(json.dumps(values, indent=2, ensure_ascii=False)) if values else ""
    return plain_text(_template(values.get("chat_template")))


def _template(value: object) -> str:
    """Write one template as it is, several below their names."""
    if isinstance(value, str):
        return value
    named = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return "\n\n".join(f"# {item.get('name')}\n{item.get('template')}" for item in named)
