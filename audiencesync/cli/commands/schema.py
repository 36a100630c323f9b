"""`audiencesync schema`."""

import click

from audiencesync.cli import options
from audiencesync.cli.output import write_document
from audiencesync.cli.parsing import Command


@click.command(cls=Command)
@options.debug
def schema() -> None:
    """Print the JSON Schema of the config.

    With it an editor completes and checks the file; the first line of the config may name it:

    \b
      # yaml-language-server: $schema=./audiencesync.schema.json
    """  # noqa: D301  (click's mark is the character itself)
    from audiencesync.config.schema import json_schema

    write_document(json_schema())
