"""Read tables of tensors in a limited child: what cannot be read is not compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.sandbox.limits import Limits
from core.sandbox.run import Job, Lost, run
from core.scratch import scratch_folder
from scanning.sandbox import Target
from scanning.tables.table import Table, Tensor

_LIMITS = Limits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30)


def read_tables(targets: Sequence[Target], scratch: Path) -> Table | None:
    """The tensors of all these files together; None unless every one of them has a table."""
    with scratch_folder(scratch, "tables-") as folder:
        job = Job(
            module="scanning.tables.child",
            title="the reader of tables",
            read=_table,
            scratch=folder,
            limits=_LIMITS,
            setup={},
        )
        answers = run(job, [target.to_json() for target in targets])
    whole: dict[str, Tensor] = {}
    for number, answer in enumerate(answers):
        if isinstance(answer, Lost):
            return None
        whole |= {name: _placed(tensor, number) for name, tensor in answer.items()}
    return whole


def _placed(tensor: Tensor, number: int) -> Tensor:
    """Name the bytes by their file as well: each counts its storages for itself."""
    place = f"{number}/{tensor.bytes_of}" if tensor.bytes_of else ""
    return Tensor(tensor.shape, tensor.dtype, place)


def _table(told: dict[str, list[Any]]) -> Table:
    return {name: Tensor.from_json(one) for name, one in told.items()}
