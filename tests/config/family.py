"""A program with a child of its own, as web servers have; both live until told to end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if len(sys.argv) == 2:
        with subprocess.Popen([sys.executable, __file__, str(folder), "child"]) as child:
            (folder / "main.pid").write_text(str(os.getpid()))
            child.wait()
    (folder / "child.pid").write_text(str(os.getpid()))
    while True:
        time.sleep(1)
