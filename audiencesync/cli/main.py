"""`audiencesync`: the group of commands, and the one place where an error becomes an exit code.

No command module imports anything heavy before it runs, so `--help` answers at once.
"""

import sys
from collections.abc import Sequence

import click

from audiencesync import __version__
from audiencesync.cli import ending, stopping, streams
from audiencesync.cli.commands.daemon import daemon
from audiencesync.cli.commands.demo import demo
from audiencesync.cli.commands.emulator import emulator
from audiencesync.cli.commands.history import history
from audiencesync.cli.commands.init import init
from audiencesync.cli.commands.plan import plan
from audiencesync.cli.commands.report import report
from audiencesync.cli.commands.retry import retry
from audiencesync.cli.commands.run import run
from audiencesync.cli.commands.runs import runs
from audiencesync.cli.commands.schema import schema
from audiencesync.cli.commands.status import status
from audiencesync.cli.commands.store import store
from audiencesync.cli.parsing import Group

_EXIT_CODES = """\b
Exit codes:
   0  done, nothing rejected (also: nothing to do)
   1  done, but rows were rejected, invalid or unknown, or a check failed
   2  usage or config
   3  source
   4  store
   5  a guard held
   6  Salesforce refused: authorisation, permission, bad request
  70  a bug of ours
  75  try later: unavailable, or the API budget is spent; state is kept
 130  interrupted by Ctrl-C, 143 by SIGTERM; state is kept
"""


class InOrder(Group):
    """A group whose help lists its commands as a newcomer meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """The names in the order in which they were added."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click would end with 1, our code for refused rows, when its reader has gone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ending.ReaderLeft from error


@click.group(
    cls=InOrder,
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="audiencesync")
def cli() -> None:
    """Keep Salesforce in step with the audiences in your own data, and show what was sent.

    Answers go to standard output, talk and progress bars to standard error. Colour appears only on a
    terminal, and never with NO_COLOR.
    """


for command in (demo, init, plan, run, retry, daemon, status, runs, report, history, store, emulator, schema):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line; by default the process's own.

    Returns:
        The exit code, as the help lists them.
    """
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    # read here, since a command line that click cannot parse must be answered in the wanted form too
    manner = ending.Manner(as_json="--json" in given, debug="--debug" in given)
    streams.prepare()
    with stopping.listen() as stop:
        try:
            answer = cli.main(given, prog_name="audiencesync", standalone_mode=False)
            with streams.answering():
                sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001  (the last resort: every end has its code)
            return ending.of(error, stop, manner)
        finally:
            streams.close()
        return answer if isinstance(answer, int) else 0


if __name__ == "__main__":
    sys.exit(main())
