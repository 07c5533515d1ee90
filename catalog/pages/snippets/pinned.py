"""What every snippet names, written so that no name can be more than a name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from shlex import quote
from typing import Final

from registry.configs import ModelConfig
from registry.models import ModelVersion


def literal(text: str) -> str:
    """Write a text as Python reads it; JSON's own escapes of far characters mean others there."""
    return json.dumps(text, ensure_ascii=False)


def here(path: str) -> str:
    """Name a file below the current folder for a shell; one that begins with - is no option."""
    return quote(f"./{path}" if path.startswith("-") else path)


PINNED: Final = "repo, revision=commit"


@dataclass(frozen=True, slots=True)
class Pinned:
    """This yard's endpoint, the repository, the commit, and the facts of the version."""

    endpoint: str
    repo: str
    commit: str
    config: ModelConfig
    version: ModelVersion

    @property
    def shell(self) -> str:
        return f"export HF_ENDPOINT={quote(self.endpoint)}\nexport HF_TOKEN=hf_…\n"

    @property
    def python(self) -> str:
        return f"# with HF_ENDPOINT={self.endpoint} and HF_TOKEN set\n"

    @property
    def loading(self) -> str:
        """For what loads by transformers, which would have pickled weights converted elsewhere."""
        formats = self.config.formats
        if "pickle" not in formats or "safetensors" in formats:
            return self.python
        return (
            f"{self.python}# and DISABLE_SAFETENSORS_CONVERSION=true: no model is named elsewhere\n"
        )

    @property
    def names(self) -> str:
        """The repository and the commit as `repo` and `commit` of Python."""
        return f"repo = {literal(self.repo)}\ncommit = {literal(self.commit)}\n"

    def file(self, path: str) -> str:
        """A file of the version as the call of Python that fetches it."""
        return f"hf_hub_download(repo, {literal(path)}, revision=commit)"

    def download(self, *paths: str, folder: str = "") -> str:
        """The command that fetches the version, or these files of it, into a folder."""
        to = f" --local-dir {here(folder)}" if folder else ""
        end = " --" if any(path.startswith("-") for path in paths) else ""
        names = " ".join(quote(name) for name in (self.repo, *paths))
        return f"{self.shell}hf download --revision {quote(self.commit)}{to}{end} {names}\n"
