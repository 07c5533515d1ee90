"""What each opcode does to the machine: the unpickler's own way, with stand-ins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from scanning.scanners._globals import modern
from scanning.scanners._joblib_arrays import array_plan, is_array_wrapper
from scanning.scanners._pickle_arguments import CALLED_AT_ONCE
from scanning.scanners._pickle_constants import number, text
from scanning.scanners._pickle_costly_calls import COSTLY
from scanning.scanners._pickle_memo import FARTHEST_MEMO
from scanning.scanners._pickle_passing import outcome
from scanning.scanners._pickle_reader import Op, PickleFaultError
from scanning.scanners._pickle_values import KEPT_ITEMS, Bag, Call, Global, Opaque, Value

if TYPE_CHECKING:
    from scanning.scanners._pickle_machine import Machine

MAX_NESTING = 20
_LAST_PROTOCOL = 5


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
    index = _memo_index(op)
    if index > FARTHEST_MEMO and index > 4 * len(machine.memo):
        machine.bear("makes a reader set aside gigabytes for its memo", op.offset)
    machine.memo[index] = machine.top(op.offset)


def _op_memoize(machine: Machine, op: Op) -> None:
    machine.memo[len(machine.memo)] = machine.top(op.offset)


def _op_get(machine: Machine, op: Op) -> None:
    index = _memo_index(op)
    if index not in machine.memo:
        raise PickleFaultError(f"memo entry {index} was never written", op.offset)
    value = machine.memo[index]
    machine.stack.append(value)
    if isinstance(value, Global) and value in CALLED_AT_ONCE:
        machine.lookups.append((value, op.offset))


def _op_tuple(machine: Machine, op: Op) -> None:
    if op.name == "TUPLE":
        made = tuple(machine.pop_to_mark(op.offset))
    else:
        made = tuple([machine.pop(op.offset) for _ in range(int(op.name[-1]))][::-1])
    machine.bear(machine.costs.made(made), op.offset)
    machine.stack.append(made)


_COLLECTED = {"DICT": "dict", "LIST": "list", "FROZENSET": "set"}


def _op_collect(machine: Machine, op: Op) -> None:
    items = machine.pop_to_mark(op.offset)
    bag = Bag(_COLLECTED[op.name])
    _fill(machine, bag, items, op.offset)
    machine.stack.append(bag)


def _fill(machine: Machine, target: Value, items: list[Value], offset: int) -> None:
    if not isinstance(target, Bag):
        machine.judge.filled(target, items, offset)
        return
    machine.bear(machine.costs.filled(target, items), offset)
    if target.kind == "dict":
        for key, value in zip(items[::2], items[1::2], strict=False):
            target.put(key, value, keep=machine.room > 0)
    elif machine.room > 0:
        target.extend(items)
    machine.room -= min(len(items), KEPT_ITEMS)


def _op_extend(machine: Machine, op: Op) -> None:
    """APPENDS, SETITEMS and ADDITEMS take to the mark; APPEND and SETITEM one value or pair."""
    if op.name in {"APPEND", "SETITEM"}:
        items = [machine.pop(op.offset) for _ in range(1 if op.name == "APPEND" else 2)][::-1]
    else:
        items = machine.pop_to_mark(op.offset)
    target = machine.top(op.offset)
    if isinstance(target, Call) and not op.name.startswith("APPEND"):
        keys = items if op.name == "ADDITEMS" else items[::2]
        machine.bear(machine.costs.keyed(target, keys), op.offset)
    _fill(machine, target, items, op.offset)


def _import(machine: Machine, module: Value, name: Value, offset: int) -> Value:
    if isinstance(module, str) and isinstance(name, str):
        found = Global(module, name)
        if found in CALLED_AT_ONCE:
            machine.lookups.append((found, offset))
        else:
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
    value = machine.pop(op.offset)
    if isinstance(value, tuple) and value[:1] == ("module",) and len(value) > 1:
        machine.stack.append(value[1])  # torch's way to name the class of a module
    else:
        machine.stack.append(Opaque("persistent object"))


def _op_persistent_text(machine: Machine, op: Op) -> None:
    name = text(op.argument, op.offset)
    if isinstance(name, str) and name.isprintable():  # what begins as a zip is none
        machine.judge.asked_of_reader(name, op.offset)
    machine.stack.append(Opaque("persistent object"))


def _call(machine: Machine, target: Value, arguments: Value, op: Op) -> None:
    machine.judge.called(target, arguments, op)
    if isinstance(target, Global) and modern(target) in COSTLY:
        machine.bear(COSTLY[modern(target)](machine, arguments), op.offset)
    machine.stack.append(outcome(target, arguments))


def _op_reduce(machine: Machine, op: Op) -> None:
    if op.name == "NEWOBJ_EX":
        machine.pop(op.offset)  # keyword arguments
    arguments = machine.pop(op.offset)
    target = machine.pop(op.offset)
    if op.offset in machine.settled:
        machine.stack.append(machine.settled[op.offset])
    else:
        _call(machine, target, arguments, op)


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
    machine.fork(op.offset)
    plan = array_plan(state)
    if plan is None:
        raise PickleFaultError("a joblib array of unknown size", op.offset)
    if plan.is_object:
        machine.inner().run()
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
    _op_persistent_text: "PERSID",
    _op_reduce: "REDUCE NEWOBJ NEWOBJ_EX",
    _op_obj: "OBJ",
    _op_inst: "INST",
    _op_build: "BUILD",
}
HANDLERS = {name: handler for handler, names in _GROUPS.items() for name in names.split()}
