"""Import this first in a process that runs all day: it keeps out what nobody here looks at.

structlog loads `rich` wherever it is installed, to draw tracebacks for a terminal: 3 MB in each
process, for a drawing that ends in a log file.
"""

import sys

sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # None makes its import an ImportError
