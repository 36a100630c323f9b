"""Processes that may die, forked from one that has loaded everything: to load takes longer than to die."""

import json
import os
import runpy
import subprocess
import sys
import traceback
from functools import cache
from pathlib import Path


def run_module(module: str, *arguments: str) -> tuple[int, str]:
    """Run `python -m module arguments` in a process of its own.

    Returns:
        Its exit code, or the signal that killed it, negative; and what it said on both its outputs.
    """
    parent = _parent()
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(json.dumps([module, *arguments]) + "\n")
    parent.stdin.flush()
    code, said = json.loads(parent.stdout.readline())
    return code, said


@cache
def _parent() -> subprocess.Popen[str]:
    """One a test process; it ends with it, when its standard input does."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.children"],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _be(module: str, arguments: list[str]) -> None:
    """Be that process; never returns."""
    code: object = 1
    try:
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001  (whoever waits is told, whatever it is)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _serve() -> None:
    import tests.sync.killed  # noqa: F401

    for line in sys.stdin:
        module, *arguments = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os.close(writing)
            os.close(reading)
            _be(module, arguments)
        os.close(writing)
        with os.fdopen(reading) as told:
            said = told.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([code, said]), flush=True)  # noqa: T201


if __name__ == "__main__":
    _serve()
