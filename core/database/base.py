"""PostgreSQL as Django knows it; before a request nobody asks whether it is still there."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base
from psycopg import Error


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Tell whether a kept connection still serves.

        A server that ended it has said so on the socket, which is looked at without waiting: a
        question cost every request more than most of its queries. Django asks only where there
        is something to read.
        """
        if self.connection is None:
            return False
        try:
            readable, _, _ = select.select([self.connection], [], [], 0)
        except (Error, OSError, ValueError):
            return False
        return not readable or super().is_usable()
