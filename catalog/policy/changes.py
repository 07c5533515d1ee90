"""What changed between two versions of a model, and the sentence that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from catalog.policy.files import File, FileChanges, compare_files
from catalog.policy.lines import TextChange, compare_texts
from core.wording import file_size, listed

MOST_FIELDS: Final = 200
LONGEST_VALUE: Final = 200
FIRST: Final = "The first version in this yard."
NOTHING: Final = "Nothing that the yard reads changed."
_NAMED: Final = 3
# What names a version, or is compared as a file or a text.
_ELSEWHERE: Final = frozenset({"sha", "files", "previews", "tokenizer.chat_template"})
_WORDS: Final = {
    "card": "model card",
    "license": "license text",
    "chat_template": "chat template",
    "parameters": "generation parameters",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text that the yard keeps of a version; `path` says where it was."""

    kind: str
    path: str
    body: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One of two versions, as values."""

    number: int
    commit: str
    model_type: str
    license_spdx: str
    license_class: str
    config: Mapping[str, Any]
    files: Sequence[File]
    texts: Sequence[Text] = ()
    keeps_texts: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """One value before and after; None where a side does not have it."""

    name: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class TextDiff:
    """What became of one text: same, changed, added, removed, or unknown (nobody kept it)."""

    kind: str
    state: str
    path_before: str
    path_after: str
    change: TextChange | None = None
    is_hidden: bool = False

    @property
    def title(self) -> str:
        return _WORDS.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that is told of the way from one version to another."""

    files: FileChanges
    fields: tuple[Field, ...]
    license: tuple[Field, ...]
    texts: tuple[TextDiff, ...]

    def text(self, kind: str) -> tuple[TextDiff, ...]:
        return tuple(text for text in self.texts if text.kind == kind)

    @property
    def is_empty(self) -> bool:
        told = self.fields or self.license or any(t.state != "same" for t in self.texts)
        return self.files.is_empty and not told


def compare(before: Side, after: Side) -> Changes:
    """Compare two versions by files, typed configuration, license and kept texts."""
    return Changes(
        files=compare_files(before.files, after.files),
        fields=_fields(
            {"model_type": before.model_type, **_told(before.config)},
            {"model_type": after.model_type, **_told(after.config)},
        ),
        license=_fields(_license(before), _license(after)),
        texts=_texts(before, after),
    )


def _told(config: Mapping[str, Any]) -> dict[str, object]:
    return {name: value for name, value in flat(config).items() if name not in _ELSEWHERE}


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Write nested values under dotted names; lists are values."""
    found: dict[str, object] = {}
    for name, value in values.items():
        full = f"{prefix}{name}"
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{full}.")
        else:
            found[full] = value
    return found


def _license(side: Side) -> dict[str, object]:
    return {"spdx": side.license_spdx, "class": side.license_class}


def _fields(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[Field, ...]:
    names = [*old, *(name for name in new if name not in old)]
    changed = [
        Field(name, _plain(old.get(name)), _plain(new.get(name)))
        for name in names
        if _plain(old.get(name)) != _plain(new.get(name))
    ]
    return tuple(changed[:MOST_FIELDS])


def _plain(value: object) -> object:
    """Nothing said is one value, however it is written; long ones are cut."""
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _texts(before: Side, after: Side) -> tuple[TextDiff, ...]:
    if not (before.keeps_texts and after.keeps_texts):
        return tuple(TextDiff(kind, "unknown", "", "") for kind in _WORDS)
    found = []
    for kind in _WORDS:
        old = {text.path: text for text in before.texts if text.kind == kind}
        new = {text.path: text for text in after.texts if text.kind == kind}
        if len(old) == len(new) == 1:  # one text that may have moved
            found.append(_text(kind, *old.values(), *new.values()))
            continue
        paths = [*old, *(path for path in new if path not in old)]
        found += [_text(kind, old.get(path), new.get(path)) for path in paths]
    return tuple(found)


def _text(kind: str, old: Text | None, new: Text | None) -> TextDiff:
    paths = (old.path if old else "", new.path if new else "")
    if old and new and (old.body, old.is_cut) == (new.body, new.is_cut):
        return TextDiff(kind, "same", *paths)
    state = "changed" if old and new else "added" if new else "removed"
    change = compare_texts(old.body if old else "", new.body if new else "")
    return TextDiff(kind, state, *paths, change)


def without_lines(changes: Changes) -> Changes:
    """Tell that texts changed and keep what they say to oneself."""
    texts = (replace(t, change=None, is_hidden=t.change is not None) for t in changes.texts)
    return replace(changes, texts=tuple(texts))


def sentence(changes: Changes) -> str:
    """Say in a few words what is new, the weightiest first; it is kept with the version."""
    parts = [
        *(
            _field_words("license" if f.name == "spdx" else "license class", f)
            for f in changes.license
        ),
        *(_field_words(f.name.replace("_", " "), f) for f in changes.fields[:_NAMED]),
        _more(len(changes.fields)),
        *(f"{text.title} {text.state}" for text in changes.texts if text.state not in _QUIET),
        _files(changes.files),
    ]
    text = "; ".join(dict.fromkeys(part for part in parts if part))
    return f"{text[0].upper()}{text[1:]}." if text else NOTHING


_QUIET: Final = frozenset({"same", "unknown"})


def _field_words(name: str, field: Field) -> str:
    return f"{name} {_word(field.before)} → {_word(field.after)}"


def _word(value: object) -> str:
    return "none" if value is None else str(value)


def _more(count: int) -> str:
    left = count - _NAMED
    return f"{left} more fields of the configuration" if left > 0 else ""


def _files(files: FileChanges) -> str:
    parts = []
    for word in ("added", "changed", "removed", "renamed"):
        rows = getattr(files, word)
        if rows:
            paths = [row.path if isinstance(row, File) else row.after.path for row in rows]
            named = listed(paths) if len(paths) <= _NAMED else f"{len(paths)} files"
            parts.append(f"{named} {word}")
    if not parts:
        return ""
    return f"{', '.join(parts)} ({file_size(files.new_bytes)} new)"
