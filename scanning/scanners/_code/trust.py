"""What calls are told to trust: the code of another repository, or only tensors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scanning.scanners._code.names import Names

TORCH_LOADERS = frozenset({"torch.load", "torch.serialization.load"})
_TRUST = "trust_remote_code"
_KNOWN_OWNERS_WORDS = """
facebookresearch pytorch kernels-community intel-isl isl-org ultralytics nvidia huggingface
snakers4 openai rwightman
"""
_KNOWN_OWNERS = frozenset(_KNOWN_OWNERS_WORDS.split())
_NAMED_PARTS = frozenset({"evaluate.load", "kernels.get_kernel"})


def is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def trusts_tensors_only(node: ast.Call) -> bool:
    return any(one.arg == "weights_only" and is_true(one.value) for one in node.keywords)


def trusts_remote_code(names: Names, node: ast.Call) -> bool:
    """A repository that is named, not the one that the code came with."""
    where = names.folder.text(node.args[0]) if node.args else None
    if not where or not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", where):
        return False
    return any(_TRUST in _said_true(one, names) for one in node.keywords)


def fetches_from_known(names: Names, node: ast.Call, known: str) -> bool:
    """Code of this folder, of an owner who is well known, or a metric of Hugging Face's own."""
    given = {one.arg: one.value for one in node.keywords}
    if "source" in given and names.folder.text(given["source"]) == "local":
        return True
    repository = (names.folder.text(node.args[0]) if node.args else None) or ""
    is_named = known in _NAMED_PARTS and "/" not in repository
    return is_named or repository.partition("/")[0].lower() in _KNOWN_OWNERS


def _said_true(given: ast.keyword, names: Names) -> Iterator[str]:
    """Which arguments are True, those that a dictionary brings (`**options`) too."""
    value = given.value
    if given.arg is not None:
        yield from [given.arg] if is_true(value) else []
        return
    value = names.folder.constants.get(value.id, value) if isinstance(value, ast.Name) else value
    if isinstance(value, ast.Dict):
        for key, one in zip(value.keys, value.values, strict=True):
            yield from [names.folder.text(key) or ""] if is_true(one) else []
    elif isinstance(value, ast.Call):
        yield from (one.arg or "" for one in value.keywords if is_true(one.value))
