"""The kinds of values that settings have besides plain ones."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic.functional_validators import BeforeValidator
from pydantic_settings import NoDecode


def _words(value: object) -> object:
    """Accept `a,b c` from the environment where YAML would give a list."""
    if isinstance(value, str):
        return [word for word in value.replace(",", " ").split() if word]
    return value


def _bytes(value: object) -> object:
    """Accept `20GB`, `500 MiB` or a plain number of bytes."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgt])(i?)b?|b?)\s*", value.lower())
    if not found:
        raise ValueError("write a number of bytes, such as 20GB, 500MiB or 1000000")
    number, prefix, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** (" kmgt".index(prefix or " ")))


Bytes = Annotated[int, BeforeValidator(_bytes)]
Words = Annotated[list[str], NoDecode, BeforeValidator(_words)]
Address = Annotated[str, Field(pattern=r"^(https?://[^\s?#@]+)?$")]
Secret = SecretStr
