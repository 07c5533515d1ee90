"""What the Models page shows: rows, counts beside the filters, chips and the way on when empty."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from catalog.pages.rail import chips, rail
from catalog.selectors.devices import active_devices, with_device
from catalog.selectors.facets import facets_for
from catalog.selectors.filters import ModelFilter
from catalog.selectors.models import page_of_models
from core.answers import facts
from core.pages import Row, links
from core.rendering import filled, remembered
from core.templatetags.marks import model_link, type_icon
from core.templatetags.numbers import ago, filesize, params
from registry.callers import Caller
from registry.enums import Admission, Scope

_STATES = ("admission", "scan_verdict", "license_class", "license_spdx", "tier")


def list_context(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    facts.rests_on_time()  # ages are told, and counts of what was just there
    chosen, devices = with_device(ModelFilter.parse(request.GET)), active_devices()
    page = page_of_models(caller, chosen, cursor=request.GET.get("cursor", ""))
    counts = facets_for(caller, chosen)
    everything = facets_for(caller, ModelFilter()) if chosen.used else counts
    return {
        "models": [_row(row) for row in page.rows],
        "count": counts.total.n,
        "count_more": counts.total.more,
        "total": everything.total.n,
        "counted_at": counts.as_of,
        "facets": rail(request, chosen, devices, counts, everything),
        "chips": chips(chosen, devices),
        "ordering": chosen.ordering,
        "q": chosen.q,
        **links(request, page),
        "empty": _empty(caller, chosen),
        "can_import": caller.may(Scope.REQUEST),
    }


def _row(row: Row) -> SafeString:
    """Many rows are in the same states, so these are remembered; the rest of a row is its own."""
    pending = row["admission"] == Admission.PENDING
    states = remembered(
        "catalog/models_states.html",
        is_listed=pending and row["head_number"] is None,
        **{name: row[name] for name in _STATES},
    )
    return filled(
        "catalog/models_row.html",
        type_icon=type_icon(row["model_type"]),
        link=model_link(row["repo_id"], row["slug"]),
        params=params(row["num_params"]),
        size=filesize(row["size_bytes"]),
        states=states,
        changed=ago(row["updated_at"]),
    )


def _empty(caller: Caller, chosen: ModelFilter) -> dict[str, str]:
    """Why nothing is shown, and one thing to do."""
    wanted = f"?uri={chosen.q}" if "/" in chosen.q and " " not in chosen.q else ""
    may_import = caller.may(Scope.REQUEST)
    words = {
        "title": "No model matches" if chosen.used else "No models yet",
        "text": "Take a filter away, or bring the model in: paste its name and see what it is.",
        "link": "Ask for a model" if may_import else "",
        "url": reverse("catalog:import") + wanted if may_import else "",
        "other": "Clear all filters" if chosen.used else "",
        "other_url": reverse("catalog:models") if chosen.used else "",
    }
    if not chosen.used:
        words["text"] = "Paste the name of a model and see what it is before anything moves."
    return words
