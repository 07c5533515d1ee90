"""The Versions tab and the comparison of two versions."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import F
from django.forms import Form
from django.http import HttpRequest
from django.urls import reverse

from catalog.enums import EventKind, UpdateRule
from catalog.forms import CompareForm, ReasonForm, ReleaseForm, RollBackForm, RuleForm
from catalog.models import ModelEvent, Watch
from catalog.policy.changes import Changes, TextDiff, sentence
from catalog.policy.files import File, FileChanges
from catalog.selectors.changes import changes_for
from catalog.selectors.downloads import page_of_downloads
from catalog.selectors.watching import events_of, watch_of
from core.pages import Order, links, page_of, read_number
from core.wording import listed
from registry.callers import Caller
from registry.enums import Admission, Scope
from registry.models import Model, ModelVersion

SHOWN_FILES: Final = 200
SHOWN_EVENTS: Final = 20
SHOWN_DOWNLOADS: Final = 10  # the API has all
_BY_NUMBER = Order(column="number", descending=True, read=read_number)
_LOOKS: Final = {
    EventKind.NEW_VERSION: {"icon": "package-plus", "tone": "note"},
    EventKind.REPOSITORY_BACK: {"icon": "circle-check", "tone": "ok"},
    EventKind.HISTORY_REWRITTEN: {"icon": "octagon-alert", "tone": "bad"},
    EventKind.REPOSITORY_VANISHED: {"icon": "circle-x", "tone": "bad"},
    EventKind.COMMIT_VANISHED: {"icon": "circle-x", "tone": "warn"},
}
_OTHER: Final = {"icon": "triangle-alert", "tone": "warn"}
_RESULTS: Final = {
    "unchanged": "nothing new",
    "changed": "something happened there",
    "importing": "a newer commit is being imported",
    "not_imported": "a newer commit is there and was not imported",
}


def look_of(kind: str) -> dict[str, str]:
    return _LOOKS.get(EventKind(kind), _OTHER)


def versions_context(
    request: HttpRequest, caller: Caller, model: Model, refused: Form | None = None
) -> dict[str, Any]:
    """What the Versions tab shows besides its frame; `refused` is a form that came back."""
    rows = model.versions.annotate(parent_number=F("parent__number")).defer("config", "facts")
    page = page_of(rows, order=_BY_NUMBER, cursor=request.GET.get("cursor", ""), limit=50)
    history = page_of_downloads(caller, cursor="", limit=SHOWN_DOWNLOADS, model=model)
    watch = watch_of(model)
    forms = _forms(caller, model, watch)
    if refused is not None:
        forms[_NAMES[type(refused)]] = refused
    return {
        "rows": page.rows,
        **links(request, page),
        "head_pk": model.head_id,
        "downloads": history.rows,
        "more_downloads": bool(history.next),
        "watch": watch,
        "watch_line": _line(watch),
        "rule_word": UpdateRule(watch.rule).label if watch else "",
        "events": _events(model),
        "steward": caller.is_steward,
        "curator": caller.may(Scope.CURATE),
        **forms,
    }


_NAMES: Final[dict[type[Form], str]] = {
    RuleForm: "rule_form",
    RollBackForm: "roll_back_form",
    ReleaseForm: "release_form",
}


def choices_of(model: Model, **given: str) -> list[tuple[str, str]]:
    """The newest versions to choose from, with what tells them apart."""
    rows = model.versions.filter(**given).order_by("-number").values_list("number", "commit")[:100]
    return [(str(number), f"v{number} · {commit[:7]}") for number, commit in rows]


def _forms(caller: Caller, model: Model, watch: Watch | None) -> dict[str, Form | None]:
    """Forms for what this person may do with this model now."""
    kept = model.kept_head_id is not None
    admitted = choices_of(model, admission=Admission.ADMITTED) if caller.may(Scope.CURATE) else []
    others = [choice for choice in admitted if choice[0] != str(model.head_number)]
    ruled = watch is not None and caller.is_steward
    return {
        "rule_form": RuleForm(initial={"rule": watch.rule}) if watch and ruled else None,
        "roll_back_form": RollBackForm(others) if others else None,
        "release_form": ReleaseForm() if kept and caller.may(Scope.CURATE) else None,
    }


def _line(watch: Watch | None) -> str:
    if watch is None or not watch.last_result:
        return ""
    return _RESULTS.get(watch.last_result) or watch.last_error


def _events(model: Model) -> list[dict[str, Any]]:
    rows = events_of(model).order_by("-at", "-id")[:SHOWN_EVENTS]
    return [{"row": row, "title": title_of(row), **look_of(row.kind)} for row in rows]


def title_of(event: ModelEvent) -> str:
    return EventKind(event.kind).label


def diff_context(
    caller: Caller, versions: tuple[ModelVersion, ModelVersion], refused: Form | None
) -> dict[str, Any]:
    """Everything the comparison of two versions of a model shows."""
    before, after = versions
    model = after.model
    changes = changes_for(caller, model, before, after)
    waits = after.needs_curator and after.admission == Admission.HELD
    chosen = {"before": before.number, "after": after.number}
    return {
        "model": model,
        "before": before,
        "after": after,
        "sides": [before, after],
        "sentence": sentence(changes),
        "changes": changes,
        "files": _files(changes.files),
        "texts": [_text(text) for text in changes.texts if text.state != "same"],
        "same": listed([text.title for text in changes.texts if text.state == "same"]),
        "unkept": any(text.state == "unknown" for text in changes.texts),
        "fields": [_field(field.name, field.before, field.after) for field in changes.fields],
        "license": _license(changes, before, after),
        "compare_form": CompareForm(choices_of(model), initial=chosen),
        "compare_url": reverse("catalog:model-compare", args=[model.slug]),
        "waits": waits,
        "admit_form": (refused or ReasonForm()) if waits and caller.may(Scope.CURATE) else None,
    }


def _license(
    changes: Changes, before: ModelVersion, after: ModelVersion
) -> dict[str, ModelVersion] | None:
    return {"before": before, "after": after} if changes.license else None


def _field(name: str, before: object, after: object) -> dict[str, object]:
    return {
        "name": name.replace("_", " ").replace(".", ": "),
        "before": "" if before is None else before,
        "after": "" if after is None else after,
    }


def _text(text: TextDiff) -> dict[str, Any]:
    moved = text.path_before and text.path_after and text.path_before != text.path_after
    paths = f"{text.path_before} → {text.path_after}" if moved else ""
    return {
        "title": f"{text.title[0].upper()}{text.title[1:]}",
        "state": text.state,
        "path": paths or text.path_after or text.path_before,
        "change": text.change,
    }


def _files(files: FileChanges) -> dict[str, Any]:
    """Rows of each kind, so many at most, and how many more there are."""
    rows = [
        *(_alone("added", file) for file in files.added[:SHOWN_FILES]),
        *(_alone("removed", file) for file in files.removed[:SHOWN_FILES]),
        *(_pair("changed", p.before, p.after) for p in files.changed[:SHOWN_FILES]),
        *(_pair("renamed", p.before, p.after) for p in files.renamed[:SHOWN_FILES]),
    ]
    return {
        "rows": rows,
        "counts": files.counts,
        "unchanged": files.unchanged,
        "more": sum(files.counts.values()) - len(rows),
        "size_before": files.size_before,
        "size_after": files.size_after,
        "new_bytes": files.new_bytes,
    }


def _alone(kind: str, file: File) -> dict[str, Any]:
    return {"kind": kind, "path": file.path, "size": file.size}


def _pair(kind: str, before: File, after: File) -> dict[str, Any]:
    was = before.path if kind == "renamed" else ""
    return {
        "kind": kind,
        "path": after.path,
        "was": was,
        "size": after.size,
        "before": before,
        "after": after,
    }
