"""What a person runs who was given two variables: HF_ENDPOINT and HF_TOKEN. Run as a script.

    pull.py snapshot REPO | file REPO PATH | load REPO | embed REPO ORIGINAL

Nothing of the yard is imported here; a refusal is printed as the client says it, and ends with 3.
"""

from __future__ import annotations

import sys

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError

SENTENCES = ["A yard keeps models.", "Every file is looked at before anybody loads it."]


def snapshot(repo_id: str) -> str:
    return huggingface_hub.snapshot_download(repo_id)


def file(repo_id: str, path: str) -> str:
    return huggingface_hub.hf_hub_download(repo_id, path)


def load(repo_id: str) -> str:
    """Read configuration and tokenizer by name, and tokenize with them."""
    from transformers import AutoConfig, AutoTokenizer  # noqa: PLC0415 takes seconds

    config = AutoConfig.from_pretrained(repo_id)
    tokens = AutoTokenizer.from_pretrained(repo_id)(SENTENCES[0])["input_ids"]
    return f"{config.model_type} {config.hidden_size} {' '.join(map(str, tokens))}"


def embed(repo_id: str, original: str) -> str:
    """Compare the embeddings of the model from the yard with those of the original folder."""
    import torch  # noqa: PLC0415 not there everywhere
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415

    found = []
    for name in (repo_id, original):
        tokenizer, model = AutoTokenizer.from_pretrained(name), AutoModel.from_pretrained(name)
        given = tokenizer(SENTENCES, padding=True, return_tensors="pt")
        with torch.no_grad():
            hidden = model.eval()(**given).last_hidden_state
        mask = given["attention_mask"].unsqueeze(-1)
        found.append((hidden * mask).sum(dim=1) / mask.sum(dim=1))
    ours, theirs = found
    length, difference = float(theirs.norm()), float((ours - theirs).abs().max())
    return f"{tuple(ours.shape)} {length:.3f} {difference}"


ACTIONS = {"snapshot": snapshot, "file": file, "load": load, "embed": embed}

if __name__ == "__main__":
    try:
        print(ACTIONS[sys.argv[1]](*sys.argv[2:]))  # noqa: T201 a script
    except HfHubHTTPError as error:
        print(f"{type(error).__name__}: {error}")  # noqa: T201
        sys.exit(3)
    except OSError as error:  # transformers wraps what the client says
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(4)
