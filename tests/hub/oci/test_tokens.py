"""Who gets a token, and that it is worth no more than its key at every moment."""

from __future__ import annotations

import base64
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.utils import timezone

from core.errors import ConflictError, InvalidInputError, NotPermittedError
from registry.authentication import caller_of_user
from registry.models import ApiKey, AuditEvent, User
from registry.selectors.keys import usable_key
from registry.services.keys import register_ollama_key, revoke_key
from tests.factories.registry import ApiKeyFactory, UserFactory
from tests.hub.oci.conftest import OllamaKey, realm_query

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_nonce_was_used():
    cache.clear()


@pytest.fixture
def ollama():
    return OllamaKey()


@pytest.fixture
def registered(ollama):
    user = UserFactory(tier="professional")
    return register_ollama_key(
        caller=caller_of_user(user),
        user=user,
        name="my desk",
        public_key=f"{ollama.line} me@desk",
        tier_cap="standard",
    )


@pytest.fixture
def sign_in(client, tiny, ollama):
    """Ask the realm of a challenge for a token, as an Ollama does."""

    def ask(key=ollama, *, nonce="a" * 22, ts=None, asked=None):
        challenge = client.get(f"/v2/{tiny.model.repo_id}/manifests/latest")
        assert challenge.status_code == 401
        realm, query = realm_query(challenge["WWW-Authenticate"], nonce=nonce, ts=ts)
        told = {"Authorization": key.sign(f"{realm}?{query}")}
        path = realm.removeprefix("http://testserver")
        return client.get(f"{path}?{asked or query}", headers=told)

    return ask


def fetch(client, tiny, token):
    headers = {"Authorization": f"Bearer {token}"}
    return client.get(f"/v2/{tiny.model.repo_id}/manifests/latest", headers=headers)


def test_the_challenge_names_our_own_host(client, tiny):
    """Ollama goes to the realm only where its host is the one that was asked."""
    repo = tiny.model.repo_id
    answer = client.get(f"/v2/{repo}/manifests/latest", headers={"Host": "localhost:9083"})
    assert answer["WWW-Authenticate"] == (
        'Bearer realm="http://localhost:9083/v2/token",service="localhost:9083",'
        f'scope="repository:{repo}:pull"'
    )
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED"
    bare = client.get("/v2/", headers={"Host": "localhost:9083"})
    assert bare["WWW-Authenticate"].endswith('service="localhost:9083"')


def test_behind_who_ends_tls_the_realm_is_the_public_address(client, tiny, settings):
    settings.PUBLIC_URL = "https://testserver"
    answer = client.get(f"/v2/{tiny.model.repo_id}/manifests/latest")
    assert 'realm="https://testserver/v2/token"' in answer["WWW-Authenticate"]


def test_a_signature_of_a_registered_key_is_given_a_token(client, tiny, registered, sign_in):
    answer = sign_in()
    assert answer.status_code == 200
    token = answer.json()["token"]
    assert len(token.split(".")) == 3, "Ollama reads the first part and complains of any other form"
    assert fetch(client, tiny, token).status_code == 200
    registered.refresh_from_db()
    assert registered.last_used_at is not None


def test_who_is_not_registered_is_told_where_to(sign_in, ollama, settings):
    answer = sign_in()
    (error,) = answer.json()["errors"]
    assert answer.status_code == 401
    assert ollama.line in error["message"]
    assert f"{settings.PUBLIC_URL}/keys/" in error["message"]


@pytest.mark.parametrize("drift", [-301, 301])
def test_a_signature_of_another_time_is_none(registered, sign_in, drift):
    answer = sign_in(ts=time.time() + drift + (2 if drift > 0 else -2))
    assert (answer.status_code, "clock" in str(answer.content)) == (401, True)


def test_a_signature_is_used_once(registered, sign_in):
    now = time.time()
    assert sign_in(ts=now).status_code == 200
    again = sign_in(ts=now)
    assert (again.status_code, "used before" in str(again.content)) == (401, True)
    assert sign_in(ts=now, nonce="b" * 22).status_code == 200


def test_a_signature_is_of_the_address_that_was_asked(client, registered, sign_in, ollama):
    for changed in ("nonce=" + "c" * 22 + "&service=testserver&ts=1", f"x=1&ts={int(time.time())}"):
        answer = sign_in(asked=changed)
        assert (answer.status_code, "not of the address" in str(answer.content)) == (401, True)
    query = f"nonce={'d' * 22}&service=other&ts={int(time.time())}"
    told = {"Authorization": ollama.sign(f"https://other.example.org/v2/token?{query}")}
    assert client.get(f"/v2/token?{query}", headers=told).status_code == 401


def test_another_key_cannot_sign_for_this_one(registered, sign_in, ollama):
    other = OllamaKey()
    other.line = ollama.line
    assert "not of the address" in str(sign_in(other).content)


@pytest.mark.parametrize(
    "told", ["x", "x:y", "Bearer", "Digest abc", "Basic !!!", "Basic " + "YTpi", ":", "AAAA:AAAA"]
)
def test_anything_else_is_no_proof(client, told):
    answer = client.get("/v2/token?service=testserver", headers={"Authorization": told})
    assert answer.status_code == 401
    assert "token" not in answer.json()


def test_without_proof_nothing_is_given(client):
    assert client.get("/v2/token?service=testserver").status_code == 401
    assert client.post("/v2/token").status_code == 405


def test_other_clients_send_the_key_as_a_password(client, tiny, key):
    told = base64.b64encode(f"any-name:{key.token}".encode()).decode()
    answer = client.get("/v2/token", headers={"Authorization": f"Basic {told}"})
    assert fetch(client, tiny, answer.json()["token"]).status_code == 200
    assert fetch(client, tiny, key.token).status_code == 200


def test_the_public_half_is_never_a_token(client, tiny, registered, ollama):
    for text in (ollama.line, ollama.line.split()[1], registered.public_key, registered.digest):
        assert usable_key(text) is None
        assert fetch(client, tiny, text).status_code == 401


def end_revoked(key):
    revoke_key(caller=caller_of_user(key.user), key=key)


def end_expired(key):
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def end_person(key):
    User.objects.filter(pk=key.user_id).update(is_active=False)


@pytest.mark.parametrize("end", [end_revoked, end_expired, end_person])
def test_a_token_ends_with_its_key(client, tiny, registered, sign_in, end):
    token = sign_in().json()["token"]
    end(registered)
    answer = fetch(client, tiny, token)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")
    assert sign_in(nonce="e" * 22).status_code == 401


def test_a_token_is_as_much_as_its_key_is_now(client, tiny, registered, sign_in):
    type(tiny.model).objects.filter(pk=tiny.model_id).update(tier="professional")
    token = sign_in().json()["token"]
    assert fetch(client, tiny, token).status_code == 404, "the key goes up to standard"
    ApiKey.objects.filter(pk=registered.pk).update(tier_cap="professional")
    assert fetch(client, tiny, token).status_code == 200


@pytest.mark.parametrize("change", ["x", "é", "."])
def test_an_altered_token_is_none(client, tiny, registered, sign_in, change):
    token = sign_in().json()["token"]
    answer = client.get(
        f"/v2/{tiny.model.repo_id}/manifests/latest",
        headers={"Authorization": f"Bearer {change}{token}".encode().decode("latin-1")},
    )
    assert answer.status_code == 401


def test_a_token_of_ours_opens_nothing_else(client, registered, sign_in):
    told = {"Authorization": f"Bearer {sign_in().json()['token']}"}
    assert client.get("/api/v1/models", headers=told).status_code == 401
    assert client.get("/hf/api/whoami-v2", headers=told).status_code == 401


def test_a_public_key_speaks_for_one_person_until_it_ends(registered, ollama):
    other = UserFactory()
    given = {"name": "x", "public_key": ollama.line, "tier_cap": other.tier}
    with pytest.raises(ConflictError, match="registered already"):
        register_ollama_key(caller=caller_of_user(other), user=other, **given)
    revoke_key(caller=caller_of_user(registered.user), key=registered)
    again = register_ollama_key(caller=caller_of_user(other), user=other, **given)
    assert (again.kind, again.scopes) == ("ollama", ["read"])
    assert ApiKey.objects.filter(public_key=ollama.line).count() == 2


def test_registering_is_limited_as_making_a_key_is(ollama):
    user = UserFactory(tier="lite")
    caller = caller_of_user(user)
    with pytest.raises(NotPermittedError, match="tier professional"):
        register_ollama_key(
            caller=caller, user=user, name="x", public_key=ollama.line, tier_cap="professional"
        )
    with pytest.raises(InvalidInputError, match="ssh-ed25519"):
        register_ollama_key(
            caller=caller, user=user, name="x", public_key="ssh-rsa AAAA", tier_cap="lite"
        )
    assert not ApiKey.objects.exists()


def test_registering_is_in_the_audit_trail(registered):
    event = AuditEvent.objects.get(action="key.create")
    assert event.details == {"scopes": ["read"], "tier_cap": "standard", "kind": "ollama"}


def test_a_person_registers_it_on_the_keys_page(client, ollama):
    user = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="viewer")[0])
    client.force_login(user)
    page = client.get("/keys/").content.decode()
    assert "id_ed25519.pub" in page
    given = {"ollama-name": "desk", "ollama-tier_cap": "lite", "ollama-public_key": "ssh-rsa A"}
    refused = client.post("/keys/ollama/", given)
    assert (refused.status_code, "begins with ssh-ed25519" in refused.content.decode()) == (
        422,
        True,
    )
    made = client.post("/keys/ollama/", {**given, "ollama-public_key": ollama.line})
    assert made.status_code == 302
    key = ApiKey.objects.get()
    assert (key.user, key.public_key, key.tier_cap) == (user, ollama.line, "lite")
    assert f"SHA256:{key.prefix}" in client.get("/keys/").content.decode()


def test_a_key_without_the_scope_is_told_so(ask_v2, tiny):
    answer = ask_v2("/", key=ApiKeyFactory(scopes=["request"]))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "DENIED")


def test_without_the_broker_nobody_can_know_whether_a_signature_was_used(
    registered, sign_in, settings
):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert sign_in().status_code == 503
