"""What the yard or a source refuses: another request, or the same one later, may do."""

from __future__ import annotations

from config.reference.errors.entry import Entry

REFUSED = (
    Entry(
        "invalid_input",
        400,
        "The request cannot be used as it is",
        "A field, parameter, cursor or address does not have the form or value it needs. "
        "`field` or `fields` name which.",
        "Correct the named field. The same request will fail again.",
    ),
    Entry(
        "revision_not_pinned",
        400,
        "Revision must be explicitly pinned",
        "A download by a person or program named `main`, `latest` or nothing. `commit` is the "
        "commit it would be now, empty when the source cannot say.",
        "Ask again with that commit as `revision`.",
    ),
    Entry(
        "unknown_plugin",
        400,
        "No such plugin",
        "No source, scanner or kind of run has this name; the message lists those that exist.",
        "Use one of the listed names.",
    ),
    Entry(
        "bundle_refused",
        400,
        "The bundle is refused",
        "The archive is not whole, not signed by a key that this yard trusts, or holds anything "
        "else than what was signed. `reason` says in a word what; nothing of it was taken in.",
        "Copy it again where it was cut off. Get the public key of its yard and trust it where "
        "the key is not known. What was altered cannot be imported.",
    ),
    Entry(
        "not_authenticated",
        401,
        "Not signed in",
        "No key was sent, or the one that was sent is unknown, expired or revoked. A key that "
        "cannot be used never falls back to a session.",
        "Send `Authorization: Bearer hf_…` with a key from the Keys page.",
    ),
    Entry(
        "not_permitted",
        403,
        "Not permitted",
        "The caller is known, and the key's scopes or the person's role do not allow this.",
        "Use a key with the scope that the message names, or ask an admin for the role.",
    ),
    Entry(
        "tier_not_permitted",
        403,
        "Your tier may not have this",
        "The caller may know of the model but not have it. `needs_tier` says which tier it takes.",
        "Ask for the model on its page; a curator decides.",
    ),
    Entry(
        "gate_blocked",
        403,
        "Blocked by a gate",
        "The version is not decided yet, held or withdrawn. `admission` and `reasons` say "
        "which policy and gate, and why. `import_error` and `workflow_id` are there when its last "
        "import ended without a decision.",
        "Read the reasons. Wait while it is pending; retry the workflow when its import failed; "
        "ask a curator when it is held.",
    ),
    Entry(
        "upstream_forbidden",
        403,
        "The source refuses access",
        "The source knows the model and refuses it: gated, private, or a wrong or expired token. "
        "`needs_token` is true where a token, or another one, may open it.",
        "Accept the terms at the source, then retry the workflow with `hf_token`: the one that was "
        "given before is forgotten.",
    ),
    Entry(
        "address_blocked",
        403,
        "Address not allowed",
        "An outgoing request would have reached a private, local or cloud-metadata address, or a "
        "redirect left encryption; or a request named a catalog that is not on the list. Nothing "
        "was sent there.",
        "If the address is meant, an operator adds its host and port to `UPSTREAM_ALLOW`, that of "
        "a catalog to `BUDCONNECT_ALLOW`.",
    ),
    Entry(
        "not_found",
        404,
        "Not found",
        "There is no such thing, or the caller may not know of it: the answers are the same.",
        "Check the spelling and the tier of the key.",
    ),
    Entry(
        "upstream_not_found",
        404,
        "The source does not have this",
        "The source says that the model, revision or file does not exist, or hides that it does.",
        "Check the spelling. A private model needs a token that may read it; give it as `hf_token` "
        "with the retry.",
    ),
    Entry(
        "method_not_allowed",
        405,
        "Method not allowed",
        "The address exists and does not answer this HTTP method; `Allow` lists those it does.",
        "See `/api/docs/`.",
    ),
    Entry(
        "not_acceptable",
        406,
        "Not acceptable",
        "The `Accept` header wants a form that this address does not have.",
        "Accept `application/json`.",
    ),
    Entry(
        "conflict",
        409,
        "Not possible in this state",
        "The row is not in a state that allows this: a request already answered, a run already "
        "ended, a gate that nobody may waive.",
        "Read the current state and decide anew.",
    ),
    Entry(
        "version_busy",
        409,
        "Another job works on this version",
        "Found on runs that want other files of a version than the one that is at work.",
        "Nothing: the run goes on when the other has ended.",
    ),
    Entry(
        "cancelled",
        409,
        "Cancelled",
        "A person asked the run to stop. Found on runs.",
        "Retry the run to continue at the step where it stopped.",
    ),
    Entry(
        "lease_lost",
        409,
        "Another worker continued",
        "A worker was silent for longer than `RUN_LEASE` and another one took its run over. "
        "Found in logs; the run itself goes on.",
        "Nothing. If it is frequent, workers are starved: look at CPU and memory.",
    ),
    Entry(
        "source_changed",
        409,
        "The file changed meanwhile",
        "A file of this machine changed while it was read, or since its version was pinned.",
        "Wait until nobody writes to it any more and import it again: what it is now is another "
        "version.",
    ),
    Entry(
        "upload_offset",
        409,
        "The piece begins elsewhere than the file ends",
        "A piece of an upload was sent with an `Upload-Offset` that is not the length of what is "
        "here; `offset` says what is.",
        "Ask with HEAD where to go on, and send from there.",
    ),
    Entry(
        "transfers_paused",
        409,
        "Paused",
        "A person paused the job, or the last files that it has still to move.",
        "Resume it on its page or by `POST /api/v1/workflows/{id}/transfers/resume`.",
    ),
    Entry(
        "quiet_hours",
        409,
        "Nothing moves at this hour",
        "The transfer limits allow no bandwidth now. What has arrived stays.",
        "Wait: the job goes on by itself. An operator changes the limits in the admin.",
    ),
    Entry(
        "transfer_cancelled",
        409,
        "Files were cancelled",
        "A person took single files out of the job; without them the model is not whole.",
        "Retry the job to fetch just those.",
    ),
    Entry(
        "tus_version",
        412,
        "Another version of the tus protocol",
        "The header `Tus-Resumable` is missing or names another version than 1.0.0.",
        "Send `Tus-Resumable: 1.0.0`.",
    ),
    Entry(
        "too_large",
        413,
        "Larger than allowed",
        "A text, listing or answer is longer than the yard reads.",
        "Nothing can be done with this input; `limit` says how long it may be.",
    ),
    Entry(
        "unsupported_media_type",
        415,
        "Unsupported media type",
        "The body is not JSON, or not the piece of a file where one is expected.",
        "Send `Content-Type: application/json`; for a piece `application/offset+octet-stream`.",
    ),
    Entry(
        "upload_busy",
        423,
        "Another request writes to this upload",
        "Two requests sent pieces of one file at the same time; the second was refused.",
        "Wait for the first to end, ask with HEAD where to go on, and send from there.",
    ),
    Entry(
        "upstream_rate_limited",
        429,
        "The source limits requests",
        "The source asked to wait for longer than one request may. Runs wait and go on by "
        "themselves; `retry_after` holds the seconds.",
        "Wait for the seconds in `Retry-After`, or configure `HF_TOKEN` or `CIVITAI_TOKEN`.",
    ),
    Entry(
        "checksum_mismatch",
        460,
        "The piece has another checksum",
        "A piece of an upload is not what its `Upload-Checksum` says. Nothing of it was kept.",
        "Send the same piece again.",
    ),
)
