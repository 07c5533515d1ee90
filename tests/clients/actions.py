"""What people run who were given two variables: HF_ENDPOINT and HF_TOKEN. Run as a script.

A list of `[action, arguments]` comes in as JSON, a list of `{"value": ...}` or of `{"error": class,
"text": words}` goes out. Nothing is imported but the client and transformers, of any generation.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import huggingface_hub as hf
from huggingface_hub import HfApi, HfFileSystem, ModelCard

SENTENCES = ["A yard keeps models.", "Every file is looked at before anybody loads it."]
api = HfApi()


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def digests(folder):
    found = (path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest(path) for path in found}


def version():
    return hf.__version__


def file(repo, path, revision=None):
    return digest(hf.hf_hub_download(repo, path, revision=revision))


def snapshot(repo):
    return digests(hf.snapshot_download(repo))


def info(repo):
    found = api.model_info(repo, files_metadata=True, securityStatus=True)
    sizes = {one.rfilename: one.size for one in found.siblings}
    lfs = {one.rfilename: one.lfs.sha256 for one in found.siblings if one.lfs}
    return {"id": found.id, "sha": found.sha, "sizes": sizes, "lfs": lfs}


def security(repo):
    status = api.model_info(repo, securityStatus=True).security_repo_status
    return [one["path"] for one in status["filesWithIssues"]]


def expanded(repo):
    found = api.model_info(repo, expand=["sha"])
    return {"sha": found.sha, "siblings": found.siblings}


def commits(repo):
    return [one.commit_id for one in api.list_repo_commits(repo)]


def refs(repo):
    found = api.list_repo_refs(repo, include_pull_requests=True)
    return {one.name: one.target_commit for one in found.branches}


def tree(repo, folder=None):
    found = api.list_repo_tree(repo, path_in_repo=folder, recursive=True)
    return [one.path for one in found]


def paths_info(repo, paths):
    return sorted(one.path for one in api.get_paths_info(repo, paths))


def listed(**words):
    return sorted(one.id for one in api.list_models(**words))


def card(repo):
    return ModelCard.load(repo).data.license


def safetensors(repo):
    found = api.get_safetensors_metadata(repo)
    names = sorted(name for file in found.files_metadata.values() for name in file.tensors)
    return {"sharded": found.sharded, "first": names[0], "count": len(names)}


def sharded(repo):
    found = api.get_sharded_safetensors_metadata(repo)
    return sorted(name for file in found.files_metadata.values() for name in file.tensors)


def asked(path):
    """Ask what no function of the client asks for, as the client would."""
    address = f"{hf.constants.ENDPOINT}/{path}"
    answer = hf.utils.get_session().get(address, headers=hf.utils.build_hf_headers())
    hf.utils.hf_raise_for_status(answer)
    return answer


def raw(repo, path):
    return asked(f"{repo}/raw/main/{path}").text


def discussions(repo):
    return asked(f"api/models/{repo}/discussions").json()


def limited(repo):
    return "r=" in asked(f"api/models/{repo}").headers["RateLimit"]


def auth_check(repo):
    return api.auth_check(repo)


def whoami():
    return api.whoami()["name"]


def exists(repo):
    return [
        api.repo_exists(repo),
        api.repo_exists(f"{repo}-not"),
        api.revision_exists(repo, "v1"),
        api.revision_exists(repo, "nope"),
        api.file_exists(repo, "config.json"),
        api.file_exists(repo, "nothing.json"),
    ]


def file_system(repo, path):
    system = HfFileSystem()
    names = sorted(one.removeprefix(f"{repo}/") for one in system.ls(repo, detail=False))
    with system.open(f"{repo}/{path}", "rb") as opened:
        opened.seek(8)
        part = opened.read(64)
    return {"names": names, "part": part.hex(), "size": system.info(f"{repo}/{path}")["size"]}


def dataset(repo):
    return api.dataset_info(repo).id


def command(*words):
    """Run `hf`; give its exit code and what it said."""
    name = Path(sys.executable).with_name("hf")
    done = subprocess.run([name, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def download(repo):
    command("download", repo, "--local-dir", "downloaded")
    found = digests("downloaded")
    return {path: sha for path, sha in found.items() if not path.startswith(".cache/")}


def cache_verify(repo):
    hf.snapshot_download(repo)
    return "erified" in command("cache", "verify", repo)


def config(repo):
    from transformers import AutoConfig  # noqa: PLC0415 takes seconds

    return AutoConfig.from_pretrained(repo).hidden_size


def tokens(repo):
    from transformers import AutoTokenizer  # noqa: PLC0415 takes seconds

    return AutoTokenizer.from_pretrained(repo)(SENTENCES[0])["input_ids"]


def features(repo):
    from transformers import pipeline  # noqa: PLC0415

    return [round(x, 4) for x in pipeline("feature-extraction", model=repo)(SENTENCES[0])[0][0][:8]]


def embedding(repo):
    import torch  # noqa: PLC0415 takes seconds
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415 takes seconds

    tokenizer, model = AutoTokenizer.from_pretrained(repo), AutoModel.from_pretrained(repo)
    given = tokenizer(SENTENCES, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model.eval()(**given).last_hidden_state
    return hashlib.sha256(hidden.numpy().tobytes()).hexdigest()


def sentences(repo):
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    return hashlib.sha256(SentenceTransformer(repo).encode(SENTENCES).tobytes()).hexdigest()


def run(name, given):
    try:
        value = globals()[name](**given) if isinstance(given, dict) else globals()[name](*given)
    except Exception as error:  # noqa: BLE001 what the client raises is what is looked at
        return {"error": type(error).__name__, "text": str(error)}
    return {"value": value}


if __name__ == "__main__":
    answers = [run(name, given) for name, given in json.load(sys.stdin)]
    Path("answers.json").write_text(json.dumps(answers))
