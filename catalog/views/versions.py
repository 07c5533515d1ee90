"""The Versions tab of a model: compare, follow its source, and say which version is `main`."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from catalog.forms import CompareForm, ReasonForm, ReleaseForm, RollBackForm, RuleForm
from catalog.pages import model as frames
from catalog.pages import versions as pages
from catalog.selectors.versions import version_named
from catalog.selectors.watching import event_for
from catalog.services.scans import request_scan
from catalog.services.watches import check_soon, mark_seen, set_rule
from core.errors import ConflictError, InvalidInputError, ModelyardError, NotFoundError
from registry.authentication import caller_of
from registry.callers import Caller, check_curator, check_steward
from registry.enums import Admission
from registry.models import Model, ModelVersion
from registry.selectors.access import model_for
from registry.services.holding import hold_whole, serve_rest
from registry.services.mains import admit_waiting, release, roll_back

TAB = "model-versions"


def _opened(request: HttpRequest, slug: str) -> tuple[Caller, Model]:
    caller = caller_of(request)
    model = model_for(caller, slug)
    if not caller.sees(model.tier):
        raise NotFoundError(f"There is no model {slug!r} here that you may see.")
    return caller, model


def _page(
    request: HttpRequest, caller: Caller, model: Model, refused: Form | None = None
) -> HttpResponse:
    context = frames.frame_of(request, caller, model, TAB)
    context |= pages.versions_context(request, caller, model, refused)
    status = 422 if refused is not None else 200
    return render(request, "catalog/model_versions.html", context, status=status)


@login_required
@require_GET
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, *_opened(request, slug))


@login_required
@require_GET
def diff(request: HttpRequest, slug: str, before: int, after: int) -> HttpResponse:
    caller, model = _opened(request, slug)
    return _diff(request, caller, (_numbered(model, before), _numbered(model, after)))


def _numbered(model: Model, number: int) -> ModelVersion:
    version = version_named(model, str(number))
    version.model = model
    return version


def _diff(
    request: HttpRequest,
    caller: Caller,
    versions: tuple[ModelVersion, ModelVersion],
    refused: Form | None = None,
) -> HttpResponse:
    context = pages.diff_context(caller, versions, refused)
    status = 422 if refused is not None else 200
    return render(request, "catalog/version_diff.html", context, status=status)


@login_required
@require_GET
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead from two chosen versions to their comparison."""
    _, model = _opened(request, slug)
    form = CompareForm(pages.choices_of(model), request.GET)
    if not form.is_valid():
        return redirect(f"catalog:{TAB}", slug=slug)
    chosen = form.cleaned_data
    return redirect("catalog:version-diff", slug, int(chosen["before"]), int(chosen["after"]))


def _done(
    request: HttpRequest,
    model: Model,
    form: Form,
    work: Callable[[], object],
    word: str,
) -> HttpResponse:
    """Do what a form asks and say so; a form that cannot be used comes back with what is wrong."""
    if form.is_valid():
        try:
            work()
        except (ConflictError, InvalidInputError) as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, word)
            return redirect(f"catalog:{TAB}", slug=model.slug)
    return _page(request, caller_of(request), model, form)


@login_required
@require_POST
def rule(request: HttpRequest, slug: str) -> HttpResponse:
    caller, model = _opened(request, slug)
    check_steward(caller)
    form = RuleForm(request.POST)

    def work() -> None:
        set_rule(caller=caller, model=model, rule=form.cleaned_data["rule"])

    return _done(request, model, form, work, "The rule is set.")


@login_required
@require_POST
def check(request: HttpRequest, slug: str) -> HttpResponse:
    caller, model = _opened(request, slug)
    check_soon(caller=caller, model=model)
    messages.success(request, "The source is looked at within the next minute or so.")
    return redirect(f"catalog:{TAB}", slug=slug)


@login_required
@require_POST
def seen(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    caller, model = _opened(request, slug)
    mark_seen(caller=caller, event=event_for(model, pk))
    return redirect(f"catalog:{TAB}", slug=slug)


@login_required
@require_POST
def main(request: HttpRequest, slug: str) -> HttpResponse:
    caller, model = _opened(request, slug)
    check_curator(caller)
    choices = pages.choices_of(model, admission=Admission.ADMITTED)
    form = RollBackForm(choices, request.POST)

    def work() -> None:
        version = version_named(model, form.cleaned_data["version"])
        roll_back(caller=caller, version=version, reason=form.cleaned_data["reason"])

    word = f"main of {model.repo_id} is kept there until it is released."
    return _done(request, model, form, work, word)


@login_required
@require_POST
def main_release(request: HttpRequest, slug: str) -> HttpResponse:
    caller, model = _opened(request, slug)
    check_curator(caller)
    form = ReleaseForm(request.POST)

    def work() -> None:
        release(caller=caller, model=model, reason=form.cleaned_data["reason"])

    word = f"main of {model.repo_id} is the newest admitted version again."
    return _done(request, model, form, work, word)


@login_required
@require_POST
def admit(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Admit a version that waits for a curator; a refusal shows its comparison again."""
    caller, model = _opened(request, slug)
    check_curator(caller)
    version = _numbered(model, number)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            version = admit_waiting(caller=caller, version=version, **form.cleaned_data)
        except ConflictError as error:
            form.add_error(None, error.message)
        else:
            words = {"admitted": "admitted"}.get(version.admission, "still held by a policy")
            messages.success(request, f"v{version.number} is {words}.")
            return redirect(f"catalog:{TAB}", slug=slug)
    before = version.parent or version
    before.model = model
    return _diff(request, caller, (before, version), form)


@login_required
@require_POST
def whole(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Hold all of a version while a file of it is held back."""
    return _about_files(request, slug, number, hold_whole, "is held as a whole")


@login_required
@require_POST
def rest(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Let policy serve a version without what is held back."""
    return _about_files(request, slug, number, serve_rest, "is decided without what is held back")


def _about_files(
    request: HttpRequest, slug: str, number: int, work: Callable[..., ModelVersion], words: str
) -> HttpResponse:
    """Do it and lead back to the files; what is wrong is said there."""
    caller, model = _opened(request, slug)
    check_curator(caller)
    version = _numbered(model, number)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why: it is kept and shown.")
    else:
        try:
            work(caller=caller, version=version, reason=form.cleaned_data["reason"])
        except ConflictError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"v{version.number} {words}.")
    return redirect(f"{reverse('catalog:model-files', args=[slug])}?version={number}")


@login_required
@require_POST
def scan_again(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Scan a version again whose scan could not be finished."""
    caller, model = _opened(request, slug)
    check_steward(caller)
    version = _numbered(model, number)
    try:
        run = request_scan(caller=caller, version=version)
    except ModelyardError as error:
        messages.error(request, error.message)
        return redirect(f"{reverse('catalog:model-scan', args=[slug])}?version={number}")
    return redirect("catalog:job", run.pk)
