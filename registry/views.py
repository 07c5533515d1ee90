"""Signing in and the Keys page."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core.errors import ModelyardError, NotPermittedError
from core.pages import links
from registry.authentication import address_of, caller_of
from registry.forms import KeyForm, OllamaKeyForm, SignInForm
from registry.models import ApiKey, User
from registry.selectors.keys import keys_of
from registry.selectors.notices import page_of_notices, receipt_for
from registry.services.keys import create_key, register_ollama_key, revoke_key
from registry.services.notices import mark_read
from registry.services.people import note_sign_in, note_sign_in_refused


class SignIn(LoginView):
    """The one way in for people, the admin included; both outcomes are kept in the audit trail."""

    template_name = "registry/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        note_sign_in(name=form.get_user().get_username(), address=address_of(self.request))
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        note_sign_in_refused(name=form.data.get("username", ""), address=address_of(self.request))
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        host = settings.PUBLIC_URL.partition("://")[2]
        return {**super().get_context_data(**kwargs), "host": host}


class SignOut(LogoutView):
    http_method_names = ("post", "options")


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Send the admin's own sign-in here; who is signed in and comes anyway has no part in it."""
    if request.user.is_authenticated:
        raise NotPermittedError("The admin is for staff accounts. Ask an admin to be made one.")
    return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))


def locked_out(request: HttpRequest, credentials: object, *args: object) -> HttpResponse:
    """Answer django-axes: too many wrong passwords for this name from this address."""
    context = {
        "form": SignInForm(request),
        "host": settings.PUBLIC_URL.partition("://")[2],
        "notice": "Too many wrong passwords. Try again in a quarter of an hour.",
    }
    return render(request, "registry/sign_in.html", context, status=429)


def _page(
    request: HttpRequest,
    form: KeyForm,
    new_key: dict[str, str] | None = None,
    *,
    ollama: OllamaKeyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    caller = caller_of(request)
    context = {
        "keys": keys_of(caller)[:200],
        "form": form,
        "ollama": ollama or OllamaKeyForm(caller),
        "new_key": new_key,
        "endpoint": f"{settings.PUBLIC_URL}/hf",
    }
    return render(request, "registry/keys.html", context, status=status)


@login_required
@never_cache
@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    return _page(request, KeyForm(caller_of(request)))


@login_required
@never_cache
@require_POST
def key_create(request: HttpRequest) -> HttpResponse:
    """Make a key and show it in this very answer: it is stored nowhere else."""
    caller = caller_of(request)
    form = KeyForm(caller, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    user = get_object_or_404(User, pk=caller.user_id)
    try:
        key, token = create_key(caller=caller, user=user, **form.cleaned_data)
    except ModelyardError as error:
        form.add_error(str(error.details.get("field") or "") or None, error.message)
        return _page(request, form, status=422)
    return _page(request, KeyForm(caller), {"name": key.name, "secret": token})


@login_required
@never_cache
@require_POST
def ollama_key_create(request: HttpRequest) -> HttpResponse:
    """Register the public key of an Ollama: there is nothing to be shown once."""
    caller = caller_of(request)
    form = OllamaKeyForm(caller, request.POST)
    if not form.is_valid():
        return _page(request, KeyForm(caller), ollama=form, status=422)
    user = get_object_or_404(User, pk=caller.user_id)
    try:
        register_ollama_key(caller=caller, user=user, **form.cleaned_data)
    except ModelyardError as error:
        form.add_error(str(error.details.get("field") or "") or None, error.message)
        return _page(request, KeyForm(caller), ollama=form, status=422)
    return redirect("registry:keys")


@login_required
@require_POST
def key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    caller = caller_of(request)
    key = get_object_or_404(ApiKey.objects.select_related("user"), pk=pk, user_id=caller.user_id)
    revoke_key(caller=caller, key=key)
    return redirect("registry:keys")


@login_required
@never_cache
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    cursor = request.GET.get("cursor", "")
    page = page_of_notices(caller_of(request), cursor=cursor, limit=50)
    context = {"receipts": page.rows, **links(request, page)}
    return render(request, "registry/notices.html", context)


@login_required
@require_POST
def notice_read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a notice read and lead to its model."""
    caller = caller_of(request)
    receipt = receipt_for(caller, pk)
    mark_read(caller=caller, receipt=receipt)
    return redirect("catalog:model", receipt.notice.version.model.slug)


@login_required
@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    mark_read(caller=caller_of(request))
    return redirect("registry:notices")
