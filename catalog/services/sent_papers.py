"""Give the papers of a version to whoever may have its files."""

from __future__ import annotations

from django.utils import timezone
from pydantic import ValidationError

from catalog.bundles import manifest as manifests
from catalog.bundles import sent, signing
from catalog.services.bundle_keys import has_key, signing_key
from catalog.services.bundle_papers import collect_statements
from core.errors import ConflictError, InvalidInputError, StorageError, TooLargeError
from registry.models import SERVED, ModelVersion


def papers_of(version: ModelVersion) -> bytes:
    """Write what this yard says of a version, as bundles do; signed where the yard has a key.

    They are bounded, and of a version all of whose served files are stored.
    """
    version = ModelVersion.objects.select_related("model", "parent").get(pk=version.pk)
    if version.files.count() > sent.MAX_FILES:
        raise TooLargeError(f"{version} has more than {sent.MAX_FILES} files.")
    if version.files.filter(SERVED, content__isnull=True).exists():
        raise StorageError(f"Not all files of {version} are stored now.")
    try:
        collected = collect_statements(version, made_at=timezone.now())
    except ValidationError as error:
        raise ConflictError(f"What is known of {version} does not fit into papers.") from error
    manifest = manifests.written(collected.manifest)
    answer = sent.written(manifest, _signature(manifest), collected.documents)
    if len(answer) > sent.MAX_SENT:
        raise TooLargeError(f"The papers of {version} have more than {sent.MAX_SENT} bytes.")
    return answer


def _signature(manifest: bytes) -> bytes | None:
    if not has_key():
        return None
    try:
        key = signing_key()
    except InvalidInputError as error:
        raise StorageError("The key that papers are signed with cannot be read.") from error
    return signing.sign(manifests.digest(manifest), key, predicate=signing.SENT)
