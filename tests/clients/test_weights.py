"""What is computed with the model from the yard is what is computed with the files on disk."""

from __future__ import annotations

import pytest

from tests.clients.environments import CLIENTS, has
from tests.standins.repos import MINILM


@pytest.mark.parametrize(
    ("action", "module"),
    [("features", "torch"), ("embedding", "torch"), ("sentences", "sentence_transformers")],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_model_from_the_yard_computes_as_the_original_does(world, client, action, module):
    if not has(client, module):
        pytest.skip(f"{module} is not installed beside the client {client}")
    original = str(world.yard.upstream.folder(MINILM))
    ours, theirs = world.run(client, "cora", [(action, [MINILM]), (action, [original])])
    assert ours == theirs
    assert ours["value"]
