"""What a client does that was given two variables; run as a script by the client's own Python.

    client.py REPO COMMIT PATH

Nothing of the yard is imported here. Prints one line of JSON: the client, and what went wrong.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import huggingface_hub as hf


def pull(repo_id: str, commit: str, path: str) -> str:
    """Read and fetch one file as people do; say what is not as it must be."""
    api = hf.HfApi()
    api.auth_check(repo_id)
    if path not in api.list_repo_files(repo_id, revision=commit):
        return f"the tree of {repo_id} lacks {path}"
    if api.model_info(repo_id, revision=commit).sha != commit:
        return f"{repo_id} at {commit} is another commit"
    (listed,) = api.get_paths_info(repo_id, [path], revision=commit)
    if not isinstance(listed, hf.hf_api.RepoFile):
        return f"{path} is no file in paths-info"
    data = Path(hf.hf_hub_download(repo_id, path, revision=commit)).read_bytes()
    if listed.lfs:
        told, found = listed.lfs.sha256, hashlib.sha256(data).hexdigest()
    else:
        told = listed.blob_id
        found = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324 git's
    return "" if told == found else f"{path} arrived as {found} instead of {told}"


if __name__ == "__main__":
    try:
        wrong = pull(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001 whatever it is, it is what the client says
        wrong = f"{type(error).__name__}: {error}"
    print(json.dumps({"client": f"huggingface_hub {hf.__version__}", "wrong": wrong}))  # noqa: T201
