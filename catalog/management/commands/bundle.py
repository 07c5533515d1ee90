"""Bundles: versions with all their papers as one signed file, for yards without a network."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.bundles.signing import claimed_keys
from catalog.models import TrustedKey
from catalog.services import bundle_export, bundle_import, bundle_keys
from catalog.services.bundle_inspection import Inspected, inspect_bundle
from core.errors import ConflictError, ModelyardError
from core.models import ACTIVE, Run, StepState
from core.runs import advance
from core.wording import file_size
from registry.authentication import caller_of_user
from registry.callers import Caller
from registry.enums import Scope, Tier
from registry.models import User

_PAUSE = 0.5  # seconds between two looks at a run


class Command(BaseCommand):
    help = "Export versions as one signed file, look into one, take one in, and keep the keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser(
            "export", help="Write a bundle; continues one that was stopped."
        )
        export.add_argument("file", type=Path, help="The bundle to write, such as models.tar.")
        export.add_argument("models", nargs="+", help="model, model@number or model@commit")
        export.add_argument("--key", type=Path, help="private key (PEM); BUNDLE_KEY if not given")
        export.add_argument("--quarantine", default="", metavar="REASON", help="send what is held")
        taken = actions.add_parser("import", help="Take a bundle in; this yard decides for itself.")
        taken.add_argument("file", help="a path, or a name in MODELS_DIR/bundles")
        taken.add_argument(
            "--quarantine", action="store_true", help="take in what was not admitted"
        )
        look = actions.add_parser("inspect", help="Say what is inside and whether it holds.")
        look.add_argument("file", type=Path)
        for action in (export, taken):
            action.add_argument("--by", default="", metavar="USER", help="act as this person")
        keygen = actions.add_parser("keygen", help="Make the key that signs bundles of this yard.")
        keygen.add_argument("--key", type=Path, help="where to; BUNDLE_KEY if not given")
        public = actions.add_parser("key", help="Print the public key, for other yards to trust.")
        public.add_argument("--key", type=Path)
        trust = actions.add_parser("trust", help="Take in bundles of this key; without it, list.")
        trust.add_argument("file", type=Path, nargs="?", help="the other yard's public key (PEM)")
        trust.add_argument("--name", default="", help="whose key it is")
        untrust = actions.add_parser("untrust", help="Take in no more bundles of this key.")
        untrust.add_argument("key_id", help="the id of the key, or its beginning")

    def handle(self, *args: object, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except ModelyardError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error

    def _export(self, options: dict[str, Any]) -> None:
        target: Path = options["file"].absolute()
        if target.exists():
            raise ConflictError(f"{target} is there already. Name another file, or move it away.")
        caller = _caller(options["by"])
        wanted = bundle_export.choose(
            caller=caller, names=options["models"], quarantine=options["quarantine"]
        )
        key = bundle_keys.signing_key(options["key"])
        line = _Line()
        head = bundle_export.write_bundle(target, wanted, key=key, report=line.show)
        line.end()
        bundle_export.note_export(caller, wanted, outcome="done", digest=head.manifest_sha256)
        self.stdout.write(
            f"{target}: {len(wanted.versions)} versions, {file_size(head.length)}, "
            f"manifest {head.manifest_sha256}"
        )

    def _import(self, options: dict[str, Any]) -> None:
        given = Path(options["file"])
        name = str(given.resolve()) if given.exists() else options["file"]
        row = bundle_import.request_import(
            caller=_caller(options["by"]), name=name, quarantine=options["quarantine"]
        )
        run = self._drive(row.run)
        if run.state != "done":
            raise CommandError(f"{run.state}: {run.error or 'see the Jobs page'}")
        for version in row.versions.select_related("model").order_by("model__slug", "number"):
            tier = f" for {version.lowest_tier} and above" if version.lowest_tier else ""
            self.stdout.write(f"{version}: {version.admission}{tier}")

    def _drive(self, run: Run) -> Run:
        """Work on the run here as well: it ends with and without workers."""
        line = _Line()
        while run.state in ACTIVE:
            advance(run.pk)
            run.refresh_from_db()
            step = run.steps.filter(state=StepState.RUNNING).first()
            if step is not None:
                line.show(step.done, step.total or 0)
            if run.state in ACTIVE and (run.lease_until or run.not_before):
                time.sleep(_PAUSE)
        line.end()
        return run

    def _inspect(self, options: dict[str, Any]) -> None:
        line = _Line()
        found = inspect_bundle(options["file"], report=line.show)
        line.end()
        self._print(found)
        if found.problem:
            raise CommandError(found.problem)

    def _print(self, found: Inspected) -> None:
        manifest = found.head.manifest
        signed = found.signer.name if found.signer else "a key that is not trusted here"
        keys = ", ".join(claimed_keys(found.head.envelope))
        self.stdout.write(f"From {manifest.yard} {manifest.yard_version}, {manifest.created}")
        self.stdout.write(f"Signed by {signed}, key {keys}")
        self.stdout.write(f"Manifest {found.head.manifest_sha256}")
        if manifest.quarantine:
            self.stdout.write(f"For quarantine only: {manifest.quarantine}")
        for version in manifest.versions:
            size = file_size(version.bytes)
            self.stdout.write(f"  {version.repo_id}@{version.commit} {size} {version.admission}")
        contents = [one for one in found.head.manifest.listed() if one.is_content]
        size = file_size(sum(one.size for one in contents))
        self.stdout.write(f"{len(contents)} contents, {size}")
        self.stdout.write("All hashes hold.")

    def _keygen(self, options: dict[str, Any]) -> None:
        identity = bundle_keys.make_key(caller=_caller(""), path=options["key"])
        self.stdout.write(f"key {identity}")
        self.stdout.write(bundle_keys.public_key(options["key"]), ending="")

    def _key(self, options: dict[str, Any]) -> None:
        self.stdout.write(bundle_keys.public_key(options["key"]), ending="")

    def _trust(self, options: dict[str, Any]) -> None:
        if options["file"] is None:
            for row in TrustedKey.objects.all():
                self.stdout.write(f"{row.key_id}  {row.name}  since {row.added_at:%Y-%m-%d}")
            return
        pem = options["file"].read_bytes()
        row = bundle_keys.trust_key(caller=_caller(""), pem=pem, name=options["name"])
        self.stdout.write(f"{row.key_id}  {row.name}")

    def _untrust(self, options: dict[str, Any]) -> None:
        row = bundle_keys.end_trust(caller=_caller(""), beginning=options["key_id"])
        self.stdout.write(f"{row.key_id}  {row.name} is not trusted any more")


def _caller(name: str) -> Caller:
    """Give the person named; without a name whoever has this shell may do everything."""
    if not name:
        return Caller(name="command line", tier=Tier.PROFESSIONAL, scopes=frozenset(Scope))
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no user {name!r}.")
    return caller_of_user(user)


class _Line:
    """One line of progress on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self.last = 0.0

    def show(self, done: int, total: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self.last > _PAUSE:
            self.last = now
            sys.stderr.write(f"\r{file_size(done)} of {file_size(total)}\033[K")
            sys.stderr.flush()

    def end(self) -> None:
        if self.last:
            sys.stderr.write("\r\033[K")
