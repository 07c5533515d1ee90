"""Weights in two formats, written by hand: tables of tensors as torch.save and safetensors do."""

from __future__ import annotations

from tests.scanning.pickles import MARK, call, pickle, text, torch_zip
from tests.standins.repos import tiny_safetensors

Shapes = dict[str, tuple[int, ...]]
BOTH: Shapes = {"embed.weight": (4, 2), "head.weight": (4, 2), "norm.bias": (2,)}


def number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little")


def numbers(values: tuple[int, ...]) -> bytes:
    return MARK + b"".join(number(value) for value in values) + b"t"


def tensor(shape: tuple[int, ...], *, key: str, kind: str = "FloatStorage") -> bytes:
    """The opcodes of one tensor over the storage of this key."""
    storage = MARK + text("storage") + text("torch") + text(kind) + b"\x93"
    storage += text(key) + text("cpu") + number(64) + b"tQ"
    steps = numbers((1,) * len(shape))
    hooks = call("collections", "OrderedDict")
    return call(
        "torch._utils", "_rebuild_tensor_v2",
        storage, number(0), numbers(shape), steps, b"\x89", hooks,
    )  # fmt: skip


def table(shapes: Shapes, *, shared: dict[str, str] | None = None, also: bytes = b"") -> bytes:
    """A pickle of a state dict; `shared` names tensors by the storage of another."""
    places = {name: str(place) for place, name in enumerate(shapes)}
    keys = {name: places[(shared or {}).get(name, name)] for name in shapes}
    rows = [text(name) + tensor(shape, key=keys[name]) for name, shape in shapes.items()]
    return pickle(call("collections", "OrderedDict"), MARK, *rows, also, b"u")


def pytorch(shapes: Shapes = BOTH, *, evil: bool = False, **words: object) -> bytes:
    """What torch.save writes of these; with `evil` a command runs when it is loaded."""
    trap = text("trap") + call("os", "system", text("true")) if evil else b""
    return torch_zip(table(shapes, also=trap, **words))  # type: ignore[arg-type]


def safe(shapes: Shapes = BOTH) -> bytes:
    return tiny_safetensors({name: ("F32", list(shape)) for name, shape in shapes.items()})
