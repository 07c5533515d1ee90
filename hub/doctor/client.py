"""What a client does that was given two variables; run as a script by the client's own Python.

    client.py REPO COMMIT PATH

Nothing of the yard is imported here. Prints one line of JSON: the client, and for each thing that
it was asked to do what went wrong, '' where nothing did.
"""

from __future__ import annotations

import glob
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import huggingface_hub as hf
from huggingface_hub.errors import RepositoryNotFoundError

MISSING = "nobody/has-this"  # a dataset, since the yard has none and a model would be asked for


class Client:
    """One client, and the file that it is to read and fetch as people do."""

    def __init__(self, repo_id: str, commit: str, path: str) -> None:
        self.repo_id, self.commit, self.path = repo_id, commit, path
        self.api = hf.HfApi()

    def tasks(self) -> dict[str, Callable[[], str]]:
        """Everything it is asked to do; each says what is not as it must be."""
        return {
            "whoami": self.whoami,
            "auth_check": self.auth_check,
            "model_info": self.model_info,
            "list_repo_files": self.tree,
            "get_paths_info": self.paths_info,
            "list_repo_refs": self.refs,
            "list_repo_commits": self.commits,
            "list_models": self.models,
            "HfFileSystem": self.file_system,
            "hf_hub_download": self.download,
            "snapshot_download": self.snapshot,
            "refusal": self.refusal,
        }

    def whoami(self) -> str:
        return "" if self.api.whoami()["name"] else "it has no name"

    def auth_check(self) -> str:
        self.api.auth_check(self.repo_id)
        return ""

    def model_info(self) -> str:
        told = self.api.model_info(self.repo_id, revision=self.commit, files_metadata=True)
        return "" if told.sha == self.commit else f"{self.commit} is told as {told.sha}"

    def tree(self) -> str:
        files = self.api.list_repo_files(self.repo_id, revision=self.commit)
        return "" if self.path in files else f"the tree lacks {self.path}"

    def paths_info(self) -> str:
        return "" if self._listed() else f"{self.path} is no file"

    def refs(self) -> str:
        names = [ref.name for ref in self.api.list_repo_refs(self.repo_id).branches]
        return "" if "main" in names else "there is no main"

    def commits(self) -> str:
        commits = self.api.list_repo_commits(self.repo_id, revision=self.commit)
        known = [commit.commit_id for commit in commits]
        return "" if self.commit in known else f"{self.commit} is not among them"

    def models(self) -> str:
        return "" if any(self.api.list_models(limit=1)) else "the list is empty"

    def file_system(self) -> str:
        place = f"{self.repo_id}@{self.commit}/{self.path}"
        return self._differs(hf.HfFileSystem().cat_file(place))

    def download(self) -> str:
        path = hf.hf_hub_download(self.repo_id, self.path, revision=self.commit)
        return self._differs(Path(path).read_bytes())

    def snapshot(self) -> str:
        folder = hf.snapshot_download(
            self.repo_id, revision=self.commit, allow_patterns=[glob.escape(self.path)]
        )
        return self._differs(Path(folder, self.path).read_bytes())

    def refusal(self) -> str:
        try:
            self.api.dataset_info(MISSING)
        except RepositoryNotFoundError:
            return ""
        return f"{MISSING} is not refused"

    def _listed(self) -> hf.hf_api.RepoFile | None:
        (found,) = self.api.get_paths_info(self.repo_id, [self.path], revision=self.commit)
        return found if isinstance(found, hf.hf_api.RepoFile) else None

    def _differs(self, data: bytes) -> str:
        listed = self._listed()
        if listed is None:
            return f"{self.path} is no file in paths-info"
        if listed.lfs:
            told, found = listed.lfs.sha256, hashlib.sha256(data).hexdigest()
        else:
            told = listed.blob_id
            git = b"blob %d\0" % len(data) + data
            found = hashlib.sha1(git).hexdigest()  # noqa: S324 git's
        return "" if told == found else f"{self.path} arrived as {found} instead of {told}"


def tried(task: Callable[[], str]) -> str:
    try:
        return task()
    except Exception as error:  # noqa: BLE001 whatever it is, it is what the client says
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    asked = [(name, tried(task)) for name, task in Client(*sys.argv[1:]).tasks().items()]
    print(json.dumps({"client": f"huggingface_hub {hf.__version__}", "asked": asked}))  # noqa: T201
