"""The header of an ONNX model: versions, inputs and outputs, operators, sizes of its tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog.inspectors.base import Problems, Reader, as_text
from catalog.inspectors.headers.onnx_packing import PackedWeights
from catalog.inspectors.headers.onnx_tail import read_tail
from catalog.inspectors.headers.onnx_tensors import (
    OnnxTensor,
    OnnxValue,
    read_entries,
    read_tensor,
    read_value,
)
from catalog.inspectors.headers.protobuf import LENGTH, VARINT, Wire
from catalog.inspectors.headers.ranges import Budget, BudgetSpentError, Cursor, read_named
from core.errors import InvalidInputError

# Nothing tells in advance where the nodes end and the values of tensors begin, so a read is a
# guess: as much again as was header so far.
GUESS: Final = 1 << 10
REMOTE: Final = Budget(bytes=2 << 20, reads=12)
MOST_TENSORS: Final = 50_000
MOST_NODES: Final = 300_000
MOST_KEPT: Final = 500
DEEPEST: Final = 8
STANDARD: Final = frozenset(
    {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training"}
)


@dataclass(frozen=True, slots=True)
class Onnx:
    """What a model says of itself. `num_params` is None where not all tensors were seen.

    `operators` are those of other domains than ONNX's own, which a runtime must bring.
    """

    ir_version: int | None = None
    producer: str = ""
    producer_version: str = ""
    opsets: Mapping[str, int] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[OnnxValue, ...] = ()
    outputs: tuple[OnnxValue, ...] = ()
    operators: tuple[str, ...] = ()
    nodes: int | None = None
    num_params: int | None = None
    weights_bytes: int | None = None
    by_dtype: Mapping[str, int] = field(default_factory=dict)
    external_files: tuple[str, ...] = ()

    @property
    def custom_domains(self) -> tuple[str, ...]:
        """Domains of operators that are not ONNX's own."""
        return tuple(sorted({name.rpartition(":")[0] for name in self.operators}))


def read_onnx(
    reader: Reader, path: str, problems: Problems, *, budget: Budget = REMOTE
) -> Onnx | None:
    """Read a model's graph and pass over the values of its tensors; None with a problem.

    Where the budget ends within the graph, its inputs and outputs are looked for at its end.
    Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
    """
    found = _Model(reader, path, budget)
    return read_named(path, "ONNX", problems, lambda: found.read(problems))


class _Model:
    def __init__(self, reader: Reader, path: str, budget: Budget) -> None:
        self._reader, self._path = reader, path
        self._cursor = Cursor(reader, path, budget, guess=GUESS)
        self._wire = Wire(self._cursor)
        self._numbers: dict[int, int] = {}
        self._texts: dict[int, str] = {}
        self._opsets: dict[str, int] = {}
        self._metadata: dict[str, str] = {}
        self._values: dict[int, list[OnnxValue]] = {11: [], 12: []}
        self._operators: set[str] = set()
        self._nodes = 0
        self._tensors: list[OnnxTensor] = []
        self._packed = PackedWeights()
        self._graph_end = 0
        self._on_model: Mapping[int, Callable[[int], None]] = {
            7: self._whole_graph, 8: self._opset, 14: self._property,
        }  # fmt: skip
        self._on_graph: Mapping[int, Callable[[int, int], None]] = {
            1: self._node, 5: self._initializer, 11: self._value(11), 12: self._value(12),
            15: self._sparse,
        }  # fmt: skip

    def read(self, problems: Problems) -> Onnx:
        try:
            self._read_model(self._cursor.size)
        except BudgetSpentError:
            problems.add(f"{self._path}: its graph was not read to its end")
            self._read_end(problems)
            return self._told(complete=False)
        if not self._graph_end:
            raise InvalidInputError("it holds no graph")
        return self._told(complete=True)

    def _read_model(self, end: int) -> None:
        for number, form, value in self._wire.fields(end):
            if form == VARINT:
                self._numbers.setdefault(number, value)
            elif number in self._on_model:
                self._on_model[number](value)
            elif number in {2, 3}:
                self._texts[number] = as_text(self._wire.text(value))

    def _read_end(self, problems: Problems) -> None:
        """Read what stands behind the tensors, and behind the graph."""
        if not self._graph_end:
            return
        tail = read_tail(self._reader, self._path, self._graph_end)
        if tail is None:
            problems.add(f"{self._path}: its inputs and outputs were not found")
            return
        cursor, begin = tail
        self._cursor, self._wire = cursor, Wire(cursor)
        cursor.at = begin
        self._values = {11: [], 12: []}
        self._graph(self._graph_end - begin, DEEPEST)
        self._read_model(cursor.size)

    def _whole_graph(self, length: int) -> None:
        if self._graph_end:
            raise InvalidInputError("it holds two graphs")
        self._graph_end = self._cursor.at + length
        self._graph(length, 0)

    def _graph(self, length: int, depth: int) -> None:
        if depth > DEEPEST:
            raise InvalidInputError("its graphs are nested too deeply")
        for number, form, value in self._wire.message(length):
            if form == LENGTH and number in self._on_graph:
                self._on_graph[number](value, depth)

    def _node(self, length: int, depth: int) -> None:
        self._count_node()
        inputs: list[str] = []
        numbers: dict[str, int] = {}
        operator = domain = ""
        for number, form, value in self._wire.message(length):
            if form != LENGTH:
                continue
            if number == 1 and len(inputs) < MOST_KEPT:
                inputs.append(self._wire.text(value))
            elif number == 4:  # noqa: PLR2004 op_type
                operator = as_text(self._wire.text(value))
            elif number == 5:  # noqa: PLR2004 attribute
                numbers.update(self._attribute(value, depth))
            elif number == 7:  # noqa: PLR2004 domain
                domain = as_text(self._wire.text(value))
        if domain not in STANDARD and len(self._operators) < MOST_KEPT:
            self._operators.add(f"{domain}:{operator}")
        self._packed.note(operator, inputs, numbers)

    def _count_node(self) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise InvalidInputError("it holds too many nodes")

    def _attribute(self, length: int, depth: int) -> dict[str, int]:
        """Return a whole number by its name; graphs inside are read like the one around."""
        name, found = "", None
        for number, form, value in self._wire.message(length):
            if number == 1 and form == LENGTH:
                name = self._wire.text(value)
            elif number == 3 and form == VARINT:  # noqa: PLR2004 i
                found = value
            elif number in {6, 11} and form == LENGTH:  # g, graphs
                self._graph(value, depth + 1)
        return {} if found is None else {name: found}

    def _initializer(self, length: int, _: int) -> None:
        if len(self._tensors) >= MOST_TENSORS:
            raise InvalidInputError("it holds too many tensors")
        self._tensors.append(read_tensor(self._wire, length))

    def _sparse(self, length: int, depth: int) -> None:
        """A sparse tensor: the values that it has are the first of its fields."""
        for number, form, value in self._wire.message(length):
            if number == 1 and form == LENGTH:
                self._initializer(value, depth)

    def _value(self, number: int) -> Callable[[int, int], None]:
        def add(length: int, depth: int) -> None:
            inner = 0 < depth < DEEPEST  # of a branch or loop inside; the tail is read as deepest
            if not inner and len(self._values[number]) < MOST_KEPT:
                self._values[number].append(read_value(self._wire, length))

        return add

    def _opset(self, length: int) -> None:
        domain, version = "", 0
        for number, form, value in self._wire.message(length):
            if number == 1 and form == LENGTH:
                domain = as_text(self._wire.text(value))
            elif number == 2 and form == VARINT:  # noqa: PLR2004 version
                version = value
        if len(self._opsets) < MOST_KEPT:
            self._opsets[domain or "ai.onnx"] = version

    def _property(self, length: int) -> None:
        if len(self._metadata) < MOST_KEPT:
            entries = read_entries(self._wire, length)
            self._metadata.update({as_text(name): text for name, text in entries.items()})

    def _told(self, *, complete: bool) -> Onnx:
        names = {tensor.name for tensor in self._tensors}
        by_dtype: Counter[str] = Counter()
        for tensor in self._tensors:
            by_dtype[tensor.dtype] += tensor.numbers
        return Onnx(
            ir_version=self._numbers.get(1),
            producer=self._texts.get(2, ""),
            producer_version=self._texts.get(3, ""),
            opsets=self._opsets,
            metadata=self._metadata,
            # Until version 4 of the format initializers were inputs, too.
            inputs=tuple(value for value in self._values[11] if value.name not in names),
            outputs=tuple(self._values[12]),
            operators=tuple(sorted(self._operators)),
            nodes=self._nodes if complete else None,
            num_params=self._packed.parameters(self._tensors) if complete else None,
            weights_bytes=sum(t.size for t in self._tensors) if complete else None,
            by_dtype=dict(sorted(by_dtype.items())) if complete else {},
            external_files=tuple(sorted({t.location for t in self._tensors if t.location})),
        )
