"""`python -m scripts.bench`: measure, print tables, keep the numbers."""

import argparse
import json
import os
import platform
import signal
import sys
from pathlib import Path

import duckdb

from audiencesync import __version__
from scripts.bench import table
from scripts.bench.bench import SUITES, Wish, bench
from scripts.bench.measure import OTHERS, ROOT, Line

_UNITS = {"k": 1_000, "m": 1_000_000}


def rows(words: str) -> list[int]:
    """`100k,1m` as numbers.

    Raises:
        ArgumentTypeError: It is not such a list.
    """
    try:
        return [int(float(word.rstrip("km")) * _UNITS.get(word[-1:], 1)) for word in words.lower().split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{words!r} is not a list of sizes such as 100k,1m,10m") from error


def suites(words: str) -> list[str]:
    """`plan,small` as names of suites.

    Raises:
        ArgumentTypeError: There is none of that name.
    """
    names = [word for word in words.split(",") if word] or list(SUITES)
    if unknown := [name for name in names if name not in SUITES]:
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; there are {', '.join(SUITES)}")
    return names


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("--profiles", type=rows, default=rows("100k"), help="sizes, such as 100k,1m,10m")
    parser.add_argument("--only", type=suites, default=list(SUITES), help=f"some of {', '.join(SUITES)}")
    parser.add_argument("--runs", type=int, default=3, help="how often each contender runs in each case")
    parser.add_argument("--slow", action="store_true", help="also those who take minutes, at any size")
    parser.add_argument("--ours", action="store_true", help="without those who need packages of their own")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="keeps data and states")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample")
    parser.add_argument("--markdown", action="store_true", help="print tables for docs/performance.md")
    asked = parser.parse_args()
    if not asked.ours and not OTHERS.exists():
        parser.error("the others are not installed: `make bench` does that, --ours leaves them out")
    wish = Wish(asked.folder, asked.runs, others=not asked.ours, slow=asked.slow)
    python = f"Python {platform.python_version()}, {os.cpu_count()} CPUs"
    print(f"audiencesync {__version__}, duckdb {duckdb.__version__}, {python}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the emulator ends with us
    lines: list[Line] = []
    for size in asked.profiles:
        for line in bench(asked.only, size, wish):
            print(
                f"{line.suite} {line.rows:,} {line.case}: {line.contender} {line.seconds:.2f} s",
                file=sys.stderr,
            )
            lines.append(line)
    show = table.markdown if asked.markdown else table.text
    for name in asked.only:
        print(f"\n{show(name, [line for line in lines if line.suite == name])}")
    if asked.json:
        asked.json.write_text(json.dumps(table.document(lines), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
