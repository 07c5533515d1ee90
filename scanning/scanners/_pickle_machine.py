"""Abstract execution of one pickle: the unpickler's stack and memo, filled with stand-ins."""

from __future__ import annotations

from scanning.scanners._pickle_arguments import encodes, found_in_call
from scanning.scanners._pickle_constants import CONSTANTS
from scanning.scanners._pickle_costs import Costs
from scanning.scanners._pickle_handlers import HANDLERS, MAX_NESTING
from scanning.scanners._pickle_judge import Judge
from scanning.scanners._pickle_memo import Memo, Overlay
from scanning.scanners._pickle_reader import Op, OpReader, PickleFaultError
from scanning.scanners._pickle_sprint import sprint
from scanning.scanners._pickle_values import Call, Global, Value

MAX_OPS = 200_000_000
MAX_FORK_OPS = 500_000
MAX_OBJECTS = 2_500_000  # at 100 bytes and more each
KEPT_CONTENTS = 50_000  # items of lists and dicts that are remembered; of the rest, what matters
_STEPS_TO_CALL = 16


class Machine:
    """Runs to STOP or raises `PickleFaultError` where the real unpickler would raise."""

    def __init__(self, reader: OpReader, judge: Judge, *, nesting: int = 0) -> None:
        self.reader = reader
        self.judge = judge
        self.nesting = nesting
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.memo: Memo = {}
        self.ops = 0
        self.max_ops = MAX_OPS
        self.room = KEPT_CONTENTS
        self.lookups: list[tuple[Global, int]] = []  # of `getattr` and the like, not judged yet
        self.settled: dict[int, Value] = {}  # what the REDUCE at an offset is known to find
        self.fork_ops = 10 * MAX_FORK_OPS
        self.costs = Costs()
        self.asked = 0  # bytes or items that calls set aside by their number alone

    def run(self) -> Value:
        """Go on to STOP and return what the unpickler would return."""
        while True:
            sprint(self)
            op = self.reader.read()
            if op.name == "STOP":
                return self.pop(op.offset)
            self.ops += 1
            if self.ops > self.max_ops:
                raise PickleFaultError("more opcodes than are examined", op.offset, cut=True)
            if len(self.memo) + len(self.stack) > MAX_OBJECTS:
                raise PickleFaultError("more objects than are kept", op.offset, cut=True)
            self.step(op)
            if self.lookups:
                self._judge_lookup()

    def step(self, op: Op) -> None:
        constant = CONSTANTS.get(op.name)
        if constant is not None:
            self.stack.append(constant(op))
        else:
            HANDLERS[op.name](self, op)

    def _judge_lookup(self) -> None:
        """Take `getattr` and the like for harmless only where that is seen in a call at once."""
        target, offset = self.lookups.pop()
        position = self.reader.position
        reduce_at, found = look_ahead(self, target)
        self.reader.seek(position)
        if found is None:
            self.judge.reached(target, offset)
        elif found is not target:
            self.settled[reduce_at] = found
            if isinstance(found, Call):
                self.judge.bound(found, offset)

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

    def bear(self, trouble: str, offset: int) -> None:
        """Tell what loading costs, when it is too much."""
        if trouble:
            self.judge.costly(trouble, f"offset {offset}")

    def inner(self) -> Machine:
        """A machine for the pickle that begins here, inside of this one."""
        return Machine(self.reader, self.judge, nesting=self.nesting + 1)

    def fork(self, offset: int) -> None:
        """Examine the coming bytes as opcodes, as a plain `pickle.load` would, then return here."""
        if self.fork_ops <= len(self.stack):
            raise PickleFaultError("more arrays than are examined as opcodes", offset, cut=True)
        reader = self.reader
        position = reader.position
        other = Machine(reader, self.judge.side_path(), nesting=MAX_NESTING)
        other.stack, other.marks = list(self.stack), list(self.marks)
        other.memo = Overlay(self.memo)
        other.max_ops = min(MAX_FORK_OPS, self.fork_ops)
        try:
            other.run()
        except PickleFaultError:
            # Array data is rarely a pickle; what it reached before is with the judge.
            if other.ops > other.max_ops:
                self.judge.gap(f"an array at offset {offset} has more opcodes than are examined")
        finally:
            reader.seek(position)
        self.fork_ops -= other.ops + len(self.stack) + 1


def look_ahead(machine: Machine, target: Global) -> tuple[int, Value]:
    """Follow the opcodes between a name and its call; None when it is not that plain."""
    ahead = Machine(machine.reader, machine.judge.silent(), nesting=MAX_NESTING)
    ahead.memo = Overlay(machine.memo)
    ahead.stack = [target]
    try:
        for _ in range(_STEPS_TO_CALL):
            op = ahead.reader.read()
            if op.name == "STOP" or (op.name == "REDUCE" and not encodes(ahead.stack)):
                return op.offset, found_in_call(ahead.stack, target)
            ahead.step(op)
    except PickleFaultError:
        pass  # the machine itself comes to the same place, and says so
    return 0, None
