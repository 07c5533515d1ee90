"""The Import page: what would move, what is worth knowing, and the likely decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from catalog.forms import ImportForm, TokenForm
from catalog.pages.gates import outlook
from catalog.services.dry_run import DryRun, to_context
from catalog.upstreams import source_title
from core.errors import ModelyardError
from core.wording import took
from downloads.planning.plan import Plan, PlannedFile
from registry.callers import Caller
from registry.enums import Scope

EXAMPLES = (
    "sentence-transformers/all-MiniLM-L6-v2",
    "hf download openai/gpt-oss-20b",
    "civitai:827184@2514310",
)
KINDS: dict[str, tuple[str, str]] = {
    ".safetensors": ("safetensors", "weights"),
    ".gguf": ("GGUF", "weights"),
    ".onnx": ("ONNX", "weights"),
    ".bin": ("PyTorch pickle", "weights that can run code"),
    ".pt": ("PyTorch pickle", "weights that can run code"),
    ".pth": ("PyTorch pickle", "weights that can run code"),
    ".ckpt": ("PyTorch pickle", "weights that can run code"),
    ".pkl": ("pickle", "can run code"),
    ".pickle": ("pickle", "can run code"),
    ".h5": ("Keras HDF5", "weights"),
    ".json": ("JSON", "configuration, tokenizer"),
    ".txt": ("text", "vocabulary, notes"),
    ".md": ("Markdown", "model card"),
    ".py": ("Python", "code that the yard never runs"),
    ".model": ("SentencePiece", "tokenizer"),
    ".msgpack": ("Flax", "weights"),
}
ASKS_FOR_TOKEN = frozenset({"upstream_not_found", "upstream_forbidden"})
WAY_ON = {
    "upstream_not_found": "",  # the message says it, and the field for a token stands below
    "upstream_forbidden": "",
    "upstream_rate_limited": "Wait a moment; the source counts requests.",
    "upstream_unavailable": "The source does not answer now. Try again in a minute.",
    "upstream_pending": "An import waits for it by itself.",
    "invalid_input": "",  # the message says what to write
    "address_blocked": "An operator can allow the address in UPSTREAM_ALLOW if it is meant.",
}


def problem_context(error: ModelyardError) -> dict[str, Any]:
    """The error as the page tells it, with the way on."""
    return {
        "title": error.title,
        "detail": error.message,
        "code": error.code,
        "way_on": WAY_ON.get(error.code, "Try again; if it stays, tell an operator."),
        "url": "",
        "link": "",
        "token_form": TokenForm() if error.code in ASKS_FOR_TOKEN else None,
    }


def preview_context(caller: Caller, text: str, run: DryRun) -> dict[str, Any]:
    data = to_context(run)
    return data | {
        "uri": text,
        "source": source_title(run.ref.source),
        "asked": run.ref.revision,
        "committed_at": run.listing.last_modified,
        "took": took(timedelta(seconds=run.seconds)),
        "author": run.listing.ref.repo_id.rpartition("/")[0],
        "plan": _plan(run.plan),
        "groups": _groups([file for file in run.plan.files if file.state != "left_out"]),
        "warnings": _warnings(run),
        "outlook": outlook(run.decision.to_json()["tiers"], likely=True),  # type: ignore[arg-type]
        "existing": run.existing.model if run.existing else None,
        "nothing_moves": bool(run.existing) and not run.plan.of("move").files,
        "may_import": caller.may(Scope.REQUEST),
        "form": ImportForm(caller, needs_reason=False),
    }


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _plan(plan: Plan) -> dict[str, Any]:
    """The sums of a plan, and what stays behind by its reason."""
    return {
        "selection": "" if plan.selection.is_all else plan.selection.words,
        "move": plan.of("move"),
        "stored": plan.of("stored"),
        "needed_bytes": plan.needed_bytes,
        "free_bytes": plan.free_bytes,
        "limits": plan.limits,
        "left_out": [
            {"reason": reason, "files": one.files, "size": one.size}
            for reason, one in plan.left_out.items()
        ],
    }


def _groups(files: Iterable[PlannedFile]) -> list[dict[str, Any]]:
    """Files by their ending, the largest group first."""
    sizes: dict[str, list[int]] = defaultdict(list)
    for file in files:
        sizes[_suffix(file.path)].append(file.size)
    rows = []
    for suffix, found in sizes.items():
        kind, why = KINDS.get(suffix, ("other", ""))
        pattern = f"*{suffix}" if suffix else "no ending"
        rows.append(
            {
                "pattern": pattern,
                "format": kind,
                "count": len(found),
                "size": sum(found),
                "why": why,
            }
        )
    return sorted(rows, key=lambda row: -row["size"])


def _after_colon(text: str) -> str:
    return text.removeprefix("Not known: ")


def _warnings(run: DryRun) -> list[dict[str, str]]:
    found = []
    if run.listing.moved_from:
        text = f"{run.listing.moved_from} is called {run.listing.ref.repo_id} now."
        found.append(("note", "info", "Renamed.", text))
    if run.listing.gated:
        text = "Its source gives it only to accounts that accepted its terms."
        found.append(("note", "lock", "Gated.", text))
    for note in run.plan.notes:
        looks = ("warn", "triangle-alert") if note.is_warning else ("note", "info")
        found.append((*looks, note.title, note.text))
    # The gate of a gated model was named above; that no file of it can be read follows.
    told = [text for text in run.inspected.problems if not run.listing.gated or "gated" not in text]
    found += [("note", "info", "Not known.", _after_colon(text)) for text in told[:5]]
    return [
        {"tone": tone, "icon": icon, "title": title, "text": text}
        for tone, icon, title, text in found
    ]
