"""Runs the files named on standard input, one after another, in one namespace.

Each line is a mark, which is printed when the file has been run, and the file. Top-level `await`
works as in a notebook. An error ends the process.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from pathlib import Path
from typing import Any


def main() -> None:
    """Run until standard input ends."""
    sys.path.insert(0, "")
    names: dict[str, Any] = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            mark, _, file = line.rstrip("\n").partition("\t")
            flags = PyCF_ALLOW_TOP_LEVEL_AWAIT
            code = compile(Path(file).read_text(), file, "exec", flags, dont_inherit=True)
            done = eval(code, names)  # noqa: S307 - the examples of our own documents
            if inspect.iscoroutine(done):
                runner.run(done)
            print(mark, flush=True)


if __name__ == "__main__":
    main()
