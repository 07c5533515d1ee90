"""Start a check of the Hub, and do its steps; each has a key that ends with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.http.request import split_domain_port
from django.utils import timezone

from core import jobs
from core.errors import LeaseLostError, ModelyardError, NotPermittedError
from core.http import origin_of
from core.models import Run
from core.steps import StepContext
from hub.checking.selectors import KIND, is_of_client, smallest_model
from hub.doctor import Finding, examine
from hub.doctor.clients import pythons, run_client
from hub.doctor.examination import PROBES, judged, were_bytes_tried
from hub.doctor.files import NoModelError, sample_of
from hub.doctor.wire import Wire
from registry import audit
from registry.authentication import caller_of_user
from registry.callers import Caller
from registry.enums import Scope, Tier
from registry.models import ApiKey, User
from registry.services.keys import create_key, revoke_key

KEY_LIFE: Final = timedelta(minutes=30)  # where nobody is left to revoke it
_YARD: Final = Caller(name="yard")


def start_check(*, caller: Caller) -> Run:
    """Check the public address on behalf of this caller, or give the check that is under way."""
    if not caller.may(Scope.OPERATE) or caller.tier is None:
        raise NotPermittedError("Checking the Hub needs the scope operate.")
    with transaction.atomic():
        run, created = jobs.start_run(kind=KIND, key="hub")
        if created:
            run.result = {
                "url": f"{settings.PUBLIC_URL}/hf",
                "by": caller.name,
                "person": caller.user_id,
                "tier": str(caller.tier),
                "findings": [],
            }
            run.save(update_fields=["result"])
            audit.record(actor=caller, action="hub.check", subject_type="hub")
    return run


def ask_as_clients_do(context: StepContext) -> None:
    """Make every probe; each finding is kept as soon as it is known."""
    found: list[Finding] = []
    _keep(context, found)
    with _key_of(context) as (asker, token):
        wire, model = _wire(context, token), smallest_model(asker)
        for finding in examine(wire, model=model):
            found.append(finding)
            _keep(context, found)
            context.progress(len(found), PROBES, unit="probes", message=finding.probe)
    context.step.message = ""
    if not were_bytes_tried(found):
        context.skip("client", message="There was no file to let a client fetch.")


def let_clients_fetch(context: StepContext) -> None:
    """Let each client that is installed here read and fetch the smallest model that there is."""
    probes = [one for one in context.run.result["findings"] if not is_of_client(one)]
    clients = pythons(settings.HUB_CLIENTS_DIR)
    found: list[Finding] = []
    with _key_of(context) as (asker, token):
        wire = _wire(context, token)
        try:
            sample = sample_of(wire, smallest_model(asker))
        except (ModelyardError, NoModelError) as error:
            found.append(judged("client", str(error)))
            clients = []
        for python in clients:
            context.progress(len(found), len(clients), unit="clients")
            found.append(run_client(python, wire, sample))
            context.run.result["findings"] = [*probes, *map(asdict, found)]
            _write(context)
    context.run.result["findings"] = [*probes, *map(asdict, found)]


def revoke_key_of(run: Run) -> None:
    """End the key of a run, whatever became of the worker that made it."""
    for key in ApiKey.objects.filter(pk=run.result.get("key")).select_related("user"):
        revoke_key(caller=_YARD, key=key)


@contextmanager
def _key_of(context: StepContext) -> Iterator[tuple[Caller, str]]:
    """Give who asked for the check, and a key that reads as far as they may."""
    revoke_key_of(context.run)
    user, asker = _asker(context.run)
    with transaction.atomic():
        key, token = create_key(
            caller=asker,
            user=user,
            name="Check of the Hub",
            scopes=[Scope.READ],
            tier_cap=str(asker.tier),
            expires_at=timezone.now() + KEY_LIFE,
        )
        context.run.result["key"] = key.pk
        _write(context)
    try:
        yield asker, token
    finally:
        revoke_key_of(context.run)


def _asker(run: Run) -> tuple[User, Caller]:
    """Who asked, as far as they may now, and no further than when they asked."""
    user = User.objects.filter(pk=run.result["person"], is_active=True).first()
    asker = caller_of_user(user) if user else None
    if user is None or asker is None or not asker.may(Scope.OPERATE):
        raise NotPermittedError(f"{run.result['by']}, who asked for this, may operate no more.")
    tier = Tier.lowest(str(asker.tier), run.result["tier"])
    return user, Caller(user_id=user.pk, name=asker.name, tier=tier, scopes=asker.scopes)


def _wire(context: StepContext, token: str) -> Wire:
    return Wire(context.run.result["url"], key=token, places=_places())


def _places() -> set[str]:
    """The hosts that the yard sends clients to by its own settings."""
    found = set()
    if settings.BYTES_HOST:
        found.add(split_domain_port(settings.BYTES_HOST)[0].strip("[]"))
    if settings.S3_PUBLIC_ENDPOINT:
        found.add(origin_of(settings.S3_PUBLIC_ENDPOINT))
    return found


def _keep(context: StepContext, found: list[Finding]) -> None:
    context.run.result["findings"] = [asdict(one) for one in found]
    _write(context)


def _write(context: StepContext) -> None:
    """Write what is known so far; raise where another worker has the run."""
    held = Run.objects.filter(pk=context.run.pk, epoch=context.run.epoch)
    if not held.update(result=context.run.result):
        raise LeaseLostError(f"Another worker continued run {context.run.pk}")
