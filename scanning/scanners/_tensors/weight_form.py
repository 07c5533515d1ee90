"""What a file of weights in a form of its own is: how it begins, and the way to its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from scanning.scanners._tensors.reading import ByteReader, FormatError


class UnreadError(FormatError):
    """True to its form so far, but what follows is not known here."""


def bounded(number: int, most: int) -> int:
    """A number of parts, or UnreadError where going through them would take too long."""
    if number > most:
        raise UnreadError(f"{number} parts, and {most} is the most")
    return number


class WeightForm(ABC):
    """Numbers and texts whose sizes must add up to the end of the file: nothing in it can run."""

    name: ClassVar[str]

    @abstractmethod
    def begins(self, head: bytes) -> bool:
        """Say whether a file that begins so is meant to be one; strict, as others go by it."""

    @abstractmethod
    def walk(self, reader: ByteReader) -> None:
        """Go to the end of the last part; FormatError or BoundsError where a size lies."""
