"""Options that several commands share, so that each means the same everywhere."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

if TYPE_CHECKING:
    from audiencesync.sync import RunOptions

DEFAULT_CONFIG = "audiencesync.yaml"
F = TypeVar("F", bound=Callable[..., Any])

config = click.option(
    "-c",
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path(DEFAULT_CONFIG),
    envvar="AUDIENCESYNC_CONFIG",
    metavar="FILE",
    show_default=True,
    show_envvar=True,
    help="The config file.",
)
sync_names = click.option(
    "--sync", "syncs", multiple=True, metavar="NAME", help="Only this sync; may be repeated."
)


def _seconds(_: click.Context, __: click.Parameter, given: float) -> float:
    """No wait is ever as long as a number that is none."""
    if math.isnan(given):
        raise click.BadParameter("nan is no number of seconds")
    return given


wait = click.option(
    "--wait",
    type=float,
    callback=_seconds,
    is_flag=False,
    flag_value=math.inf,
    default=0,
    metavar="[SECONDS]",
    help="Wait for a store that another run holds; without SECONDS, for as long as it takes.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
debug = click.option(
    "--debug", is_flag=True, expose_value=False, help="Show the traceback of an error; it may hold data."
)


def steps(command: F) -> F:
    """Options of commands that take a while."""
    for option in (
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            default="text",
            show_default=True,
            help="How -v writes events.",
        ),
        click.option("-v", "--verbose", is_flag=True, help="Show events on standard error, not bars."),
    ):
        command = option(command)
    return command


def choices_of_a_run(command: F) -> F:
    """What `plan` foresees and `run` does alike."""
    for option in (
        click.option("--allow-mapping-change", is_flag=True, help="Lift the guard on a changed mapping."),
        click.option("--allow-creates", is_flag=True, help="Lift the guard on new members."),
        click.option("--allow-clears", is_flag=True, help="Lift the guard on cleared field values."),
        click.option("--allow-exits", is_flag=True, help="Lift the guard on members that exit."),
        click.option("--allow-empty-source", is_flag=True, help="Lift the guard on an empty source."),
        click.option("--full", is_flag=True, help="Read the whole source, whatever updated_at says."),
        click.option("--backfill", is_flag=True, help="Send every member again, every mapped field."),
        sync_names,
        config,
    ):
        command = option(command)
    return command


class Choices(TypedDict):
    """What `choices_of_a_run` hands to a command, apart from the config."""

    syncs: tuple[str, ...]
    backfill: bool
    full: bool
    allow_empty_source: bool
    allow_exits: bool
    allow_clears: bool
    allow_creates: bool
    allow_mapping_change: bool


def asked(choices: Choices) -> "RunOptions":
    """The same as `sync` takes it."""
    from audiencesync.records import Allowances
    from audiencesync.sync import RunOptions

    return RunOptions(
        syncs=choices["syncs"],
        backfill=choices["backfill"],
        full=choices["full"],
        allowed=Allowances(
            empty_source=choices["allow_empty_source"],
            exits=choices["allow_exits"],
            clears=choices["allow_clears"],
            creates=choices["allow_creates"],
            mapping_change=choices["allow_mapping_change"],
        ),
    )
