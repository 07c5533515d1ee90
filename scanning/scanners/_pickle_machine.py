"""Abstract execution of one pickle: the unpickler's stack and memo, filled with stand-ins."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, MutableMapping

from scanning.scanners._joblib_arrays import array_plan, is_array_wrapper
from scanning.scanners._pickle_constants import CONSTANTS, number, text
from scanning.scanners._pickle_judge import Judge
from scanning.scanners._pickle_reader import Op, OpReader, PickleFaultError
from scanning.scanners._pickle_values import Bag, Call, Global, Opaque, Value

MAX_OPS = 200_000_000
MAX_FORK_OPS = 2_000_000
MAX_NESTING = 20
_LAST_PROTOCOL = 5


class Machine:
    """Runs to STOP or raises `PickleFaultError` where the real unpickler would raise."""

    def __init__(self, reader: OpReader, judge: Judge, *, nesting: int = 0) -> None:
        self.reader = reader
        self.judge = judge
        self.nesting = nesting
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.memo: MutableMapping[int, Value] = {}
        self.ops = 0
        self.max_ops = MAX_OPS

    def run(self) -> Value:
        """Go on to STOP and return what the unpickler would return."""
        handlers = _HANDLERS
        while True:
            op = self.reader.read()
            if op.name == "STOP":
                return self.pop(op.offset)
            self.ops += 1
            if self.ops > self.max_ops:
                raise PickleFaultError("more opcodes than are examined", op.offset, cut=True)
            constant = CONSTANTS.get(op.name)
            if constant is not None:
                self.stack.append(constant(op))
            else:
                handlers[op.name](self, op)

    def pop(self, offset: int) -> Value:
        fence = self.marks[-1] if self.marks else 0
        if len(self.stack) <= fence:
            raise PickleFaultError("the stack is empty", offset)
        return self.stack.pop()

    def top(self, offset: int) -> Value:
        value = self.pop(offset)
        self.stack.append(value)
        return value

    def pop_to_mark(self, offset: int) -> list[Value]:
        if not self.marks:
            raise PickleFaultError("no mark on the stack", offset)
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def fork(self) -> None:
        """Examine the coming bytes as opcodes, as a plain `pickle.load` would, then return here."""
        reader = self.reader
        position = reader.position
        other = Machine(reader, self.judge.speculative(), nesting=MAX_NESTING)
        other.stack, other.marks = list(self.stack), list(self.marks)
        other.memo = ChainMap({}, self.memo)
        other.max_ops = MAX_FORK_OPS
        try:
            other.run()
        except PickleFaultError:
            pass  # array data is rarely a pickle; what it reached before is with the judge
        finally:
            reader.position = reader.stream.seek(position)


def _op_proto(machine: Machine, op: Op) -> None:
    if isinstance(op.argument, bytes) and op.argument[0] > _LAST_PROTOCOL:
        raise PickleFaultError(f"unknown pickle protocol {op.argument[0]}", op.offset)


def _op_frame(machine: Machine, op: Op) -> None:
    length = int.from_bytes(op.argument, "little") if isinstance(op.argument, bytes) else 0
    if machine.reader.position + length > machine.reader.size:
        machine.judge.gap(f"offset {op.offset}: a frame points past the end")


def _op_nothing(machine: Machine, op: Op) -> None:
    machine.top(op.offset)


def _op_mark(machine: Machine, op: Op) -> None:
    machine.marks.append(len(machine.stack))


def _op_pop(machine: Machine, op: Op) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop(op.offset)


def _op_pop_mark(machine: Machine, op: Op) -> None:
    machine.pop_to_mark(op.offset)


def _op_dup(machine: Machine, op: Op) -> None:
    machine.stack.append(machine.top(op.offset))


def _memo_index(op: Op) -> int:
    index: int | None = None
    if op.name in {"PUT", "GET"}:
        index = number(op.argument)
    elif isinstance(op.argument, bytes):
        index = int.from_bytes(op.argument, "little")
    if index is None or index < 0:
        raise PickleFaultError("a memo index that is no number", op.offset)
    return index


def _op_put(machine: Machine, op: Op) -> None:
    machine.memo[_memo_index(op)] = machine.top(op.offset)


def _op_memoize(machine: Machine, op: Op) -> None:
    machine.memo[len(machine.memo)] = machine.top(op.offset)


def _op_get(machine: Machine, op: Op) -> None:
    index = _memo_index(op)
    if index not in machine.memo:
        raise PickleFaultError(f"memo entry {index} was never written", op.offset)
    machine.stack.append(machine.memo[index])


def _op_tuple(machine: Machine, op: Op) -> None:
    if op.name == "TUPLE":
        machine.stack.append(tuple(machine.pop_to_mark(op.offset)))
        return
    items = [machine.pop(op.offset) for _ in range(int(op.name[-1]))]
    machine.stack.append(tuple(reversed(items)))


def _op_collect(machine: Machine, op: Op) -> None:
    items = machine.pop_to_mark(op.offset)
    bag = Bag("dict" if op.name == "DICT" else "list")
    _fill(bag, items)
    machine.stack.append(bag)


def _fill(target: Value, items: list[Value]) -> None:
    if not isinstance(target, Bag):
        return
    if target.kind == "dict":
        for key, value in zip(items[::2], items[1::2], strict=False):
            target.put(key, value)
    else:
        for value in items:
            target.add(value)


def _op_extend(machine: Machine, op: Op) -> None:
    """APPENDS, SETITEMS and ADDITEMS take to the mark; APPEND and SETITEM one value or pair."""
    if op.name in {"APPEND", "SETITEM"}:
        items = [machine.pop(op.offset) for _ in range(1 if op.name == "APPEND" else 2)][::-1]
    else:
        items = machine.pop_to_mark(op.offset)
    _fill(machine.top(op.offset), items)


def _import(machine: Machine, module: Value, name: Value, offset: int) -> Value:
    if isinstance(module, str) and isinstance(name, str):
        found = Global(module, name)
        machine.judge.reached(found, offset)
        return found
    machine.judge.computed_name(module, name, offset)
    return Opaque("computed name")


def _op_global(machine: Machine, op: Op) -> None:
    module, name = text(op.argument, op.offset), text(op.second, op.offset)
    machine.stack.append(_import(machine, module, name, op.offset))


def _op_stack_global(machine: Machine, op: Op) -> None:
    name = machine.pop(op.offset)
    module = machine.pop(op.offset)
    machine.stack.append(_import(machine, module, name, op.offset))


def _op_extension(machine: Machine, op: Op) -> None:
    machine.judge.extension(op.name, op.offset)
    machine.stack.append(Opaque("extension registry entry"))


def _op_persistent(machine: Machine, op: Op) -> None:
    machine.pop(op.offset)
    machine.stack.append(Opaque("persistent object"))


def _call(machine: Machine, target: Value, arguments: Value, op: Op) -> None:
    machine.judge.called(target, arguments, op)
    machine.stack.append(Call(target, arguments))


def _op_reduce(machine: Machine, op: Op) -> None:
    if op.name == "NEWOBJ_EX":
        machine.pop(op.offset)  # keyword arguments
    arguments = machine.pop(op.offset)
    _call(machine, machine.pop(op.offset), arguments, op)


def _op_obj(machine: Machine, op: Op) -> None:
    items = machine.pop_to_mark(op.offset)
    if not items:
        raise PickleFaultError("OBJ without a class", op.offset)
    _call(machine, items[0], tuple(items[1:]), op)


def _op_inst(machine: Machine, op: Op) -> None:
    # The name first, as Python's own unpickler does: it imports even where the mark is missing.
    module, name = text(op.argument, op.offset), text(op.second, op.offset)
    target = _import(machine, module, name, op.offset)
    _call(machine, target, tuple(machine.pop_to_mark(op.offset)), op)


def _op_build(machine: Machine, op: Op) -> None:
    state = machine.pop(op.offset)
    target = machine.top(op.offset)
    machine.judge.built(target, state, op.offset)
    if isinstance(target, Call):
        target.state = state
        if machine.nesting < MAX_NESTING and is_array_wrapper(target):
            _read_array(machine, state, op)


def _read_array(machine: Machine, state: Value, op: Op) -> None:
    """Pass over the array that joblib writes behind its wrapper, after a look at it as opcodes."""
    machine.fork()
    plan = array_plan(state)
    if plan is None:
        raise PickleFaultError("a joblib array of unknown size", op.offset)
    if plan.is_object:
        inner = Machine(machine.reader, machine.judge, nesting=machine.nesting + 1)
        inner.run()
        return
    if plan.aligned:
        machine.reader.skip(machine.reader.take(1)[0])
    machine.reader.skip(plan.size)


_GROUPS: dict[Callable[[Machine, Op], None], str] = {
    _op_proto: "PROTO",
    _op_frame: "FRAME",
    _op_nothing: "READONLY_BUFFER",
    _op_mark: "MARK",
    _op_pop: "POP",
    _op_pop_mark: "POP_MARK",
    _op_dup: "DUP",
    _op_put: "PUT BINPUT LONG_BINPUT",
    _op_memoize: "MEMOIZE",
    _op_get: "GET BINGET LONG_BINGET",
    _op_tuple: "TUPLE TUPLE1 TUPLE2 TUPLE3",
    _op_collect: "LIST DICT FROZENSET",
    _op_extend: "APPEND APPENDS SETITEM SETITEMS ADDITEMS",
    _op_global: "GLOBAL",
    _op_stack_global: "STACK_GLOBAL",
    _op_extension: "EXT1 EXT2 EXT4",
    _op_persistent: "BINPERSID",
    _op_reduce: "REDUCE NEWOBJ NEWOBJ_EX",
    _op_obj: "OBJ",
    _op_inst: "INST",
    _op_build: "BUILD",
}
_HANDLERS = {name: handler for handler, names in _GROUPS.items() for name in names.split()}
