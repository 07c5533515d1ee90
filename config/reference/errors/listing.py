"""docs/errors.md and the page at /docs/errors: every stable `code`, what it means, what to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.reference.errors.failed import FAILED
from config.reference.errors.refused import REFUSED

ERRORS = (*REFUSED, *FAILED)
HUB_ERRORS = (
    ("RepoNotFound", "401, 404", "There is no such model, or the caller may not know of it."),
    ("RevisionNotFound", "404", "The model has no such version, or it is not a name of one."),
    ("EntryNotFound", "404", "The version has no such file."),
    (
        "GatedRepo",
        "403",
        "It is refused to this caller, or on its way; `X-Error-Message` says why.",
    ),
    ("BadRequest", "400", "A parameter of the address or the body cannot be used."),
    ("TooManyRequests", "429", "The key has no request left; `RateLimit` says for how long."),
    ("NotFound", "404", "No Hub has this address."),
    ("NotImplemented", "501", "The Hub has this address, the yard does not serve it."),
    ("ManifestUnknown", "400, 404", "Under `/v2`: no GGUF is meant by this tag or digest."),
    ("BlobUnknown", "404", "Under `/v2`: no layer of this model, or an address that is over."),
    ("Unsupported", "405", "Under `/v2`: nothing is put in or changed there."),
    ("Unavailable", "500, 503, 507", "The database or the content store does not answer."),
)
HEAD = """# Errors

Made from `config/reference/errors/` by `make docs`; the same list is the page `/docs/errors` of a
running yard, where `type` of every problem document points.

Every error of the REST API is an `application/problem+json` document (RFC 9457) with `type`,
`title`, `status`, `detail`, `code` and, where they help, fields of its own. `code` is stable: match
on it, not on words. Pages show the same title, detail and code. Runs keep the code of what ended
them. Absent, forbidden, down and unknown are different codes; what is hidden from a caller is
answered exactly as what does not exist.

| code | status | meaning | what to do |
|---|---|---|---|
"""
HUB_HEAD = """
## Under /hf

The Hub protocol has its own words, which `huggingface_hub` turns into exceptions: `X-Error-Code`
and `X-Error-Message`, and `{"error": …}` as body.

| X-Error-Code | status | meaning |
|---|---|---|
"""


def page() -> str:
    """Build docs/errors.md."""
    rows = [
        f"| `{one.code}` | {one.status or 'any'} | **{one.title}.** {one.meaning} | {one.do} |\n"
        for one in ERRORS
    ]
    hub = [f"| `{code}` | {status} | {meaning} |\n" for code, status, meaning in HUB_ERRORS]
    wrong = "| (none) | 401 | A key was sent that is unknown, expired or revoked. |\n"
    return "".join([HEAD, *rows, HUB_HEAD, *hub, wrong])


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Answer /docs/errors, where the `type` of every problem document points; for anybody."""
    return render(request, "api/errors.html", {"errors": ERRORS})
