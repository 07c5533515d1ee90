"""A version held in memory, for inspectors that read whole files and parts."""

from __future__ import annotations

import json

from catalog.inspectors.base import Problems
from catalog.inspectors.card import card_of
from catalog.inspectors.files import Files
from catalog.inspectors.subject import read_subject
from catalog.sources.base import Listing, ModelRef, RemoteFile
from core.errors import TooLargeError


class MemoryReader:
    """Counts what is read, so that tests see what an inspector costs."""

    def __init__(self, files):
        self.files = {path: as_bytes(content) for path, content in files.items()}
        self.read = []

    def has(self, path):
        return path in self.files

    def size(self, path):
        return len(self.files[path])

    def read_text(self, path, limit):
        self.read.append(path)
        if len(self.files[path]) > limit:
            raise TooLargeError(f"{path} is larger than {limit}")
        return self.files[path]

    def read_range(self, path, start, end):
        self.read.append((path, start, end))
        return self.files[path][start:end]


def as_bytes(content):
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()


def listing_of(files, repo_id="acme/model", **values):
    found = tuple(
        RemoteFile(path, len(as_bytes(content)), None, None) for path, content in files.items()
    )
    commit = "a" * 40
    return Listing(ModelRef("huggingface", repo_id, commit), commit, found, **values)


def subject_of(files, *, card=None, **listing):
    """What inspectors look at, made of files alone; its problems are at `.problems.found`."""
    problems = Problems()
    reader = MemoryReader(files)
    found = listing_of(files, **listing)
    return read_subject(found, Files(reader, problems), card_of(card or {}, problems), problems)
