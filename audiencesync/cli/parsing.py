"""Commands whose help and version are answers, too: to a full disk, or to a reader that has gone."""

import click

from audiencesync.cli import ending, streams


class Command(click.Command):
    """A command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line, which answers where it asks for help.

        Raises:
            OutputFailed: Standard output does not take the answer.
            ReaderLeft: Nobody reads it any more.
        """
        try:
            with streams.answering():
                return super().parse_args(ctx, args)
        except BrokenPipeError as error:
            raise ending.ReaderLeft from error


class Group(Command, click.Group):
    """A group of commands."""

    command_class = Command
