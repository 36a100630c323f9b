"""`audiencesync init`."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from audiencesync.cli import options, streams
from audiencesync.cli.parsing import Command
from audiencesync.errors import UsageError

_NONE = "none"
_QUESTIONS = (
    ("login_url", "Where to log in (https://test.salesforce.com for a sandbox)"),
    ("username", "Salesforce user that the app acts as"),
    ("profiles", "Profiles: a CSV, Parquet or JSON file, a table or a SELECT"),
    ("key", "Their key column"),
    ("object_name", "Salesforce object"),
    ("match_field", f"Field that identifies a record ({_NONE}: each new member becomes a new record)"),
    ("send_audiences_to", f"Long text field that takes the audiences' names ({_NONE}: no field)"),
)


def _rule(_: click.Context, __: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    rules = {}
    for text in given:
        name, equals, condition = text.partition("=")
        if not (name.strip() and equals and condition.strip()):
            raise click.BadParameter(f'{text!r} is not NAME=CONDITION, such as "vip=lifetime_value >= 100"')
        rules[name.strip()] = condition.strip()
    return rules


@click.command(cls=Command)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("audiencesync.yaml"),
    show_default=True,
    metavar="FILE",
    help="Where to write it.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--login-url", default="https://login.salesforce.com", show_default=True, metavar="URL")
@click.option("--username", default="integration@example.com", show_default=True)
@click.option(
    "--consumer-key",
    default="${env:SF_CONSUMER_KEY}",
    show_default=True,
    metavar="REFERENCE",
    help="Consumer key of the app, by reference.",
)
@click.option(
    "--private-key",
    default="${file:./sf_private_key.pem}",
    show_default=True,
    metavar="REFERENCE",
    help="Its private key, by reference.",
)
@click.option("--ca-bundle", metavar="FILE", help="PEM file of a private certificate authority.")
@click.option(
    "--store", default="./audiences.duckdb", show_default=True, metavar="FILE", help="State and ledger."
)
@click.option("--attach", metavar="DATABASE", help="DuckDB or SQLite file, or postgres:// URL, to read from.")
@click.option(
    "--profiles",
    default="data/profiles.csv",
    show_default=True,
    metavar="RELATION",
    help="A CSV, Parquet or JSON file, a table or a SELECT.",
)
@click.option(
    "--key", default="user_id", show_default=True, metavar="COLUMN", help="Key column of the profiles."
)
@click.option("--updated-at", metavar="COLUMN", help="Column that says when a profile last changed.")
@click.option("--memberships", metavar="RELATION", help="Who is in which audience, like --profiles.")
@click.option(
    "--audience",
    "membership_audiences",
    multiple=True,
    metavar="NAME",
    help="An audience of the memberships to send; may be repeated.",
)
@click.option(
    "--rule",
    "audience_rules",
    multiple=True,
    callback=_rule,
    metavar="NAME=CONDITION",
    help="An audience by SQL condition; may be repeated.",
)
@click.option("--object", "object_name", default="Lead", show_default=True, help="Salesforce object.")
@click.option(
    "--match-field",
    default="Email",
    show_default=True,
    metavar="FIELD",
    help="Field that identifies a record, or 'none'.",
)
@click.option(
    "--audiences-field",
    "send_audiences_to",
    default="Audiences__c",
    show_default=True,
    metavar="FIELD",
    help="Long text field that takes the audiences' names, or 'none'.",
)
@click.option("--no-questions", is_flag=True, help="Ask nothing, also on a terminal.")
@options.debug
@click.pass_context
def init(ctx: click.Context, /, *, output: Path, force: bool, no_questions: bool, **given: Any) -> None:  # noqa: ANN401
    """Write a commented config to start from.

    It holds every key. On a terminal the main values are asked for, unless a flag gives them.
    """
    from audiencesync.cli.output import write
    from audiencesync.config.load import load
    from audiencesync.config.references import check_attach, check_secret
    from audiencesync.config.starter import starter

    if output.exists() and not force:
        raise UsageError(
            f"{output} is there already", hint="replace it with --force, or name another with -o"
        )
    if _is_person_there() and not no_questions:
        given.update(_asked(ctx, given))
    for name in ("consumer_key", "private_key"):
        _refuse(check_secret(given[name], name), name)
    if given["attach"]:
        _refuse(check_attach(given["attach"]), "attach")
    if given["membership_audiences"] and not given["memberships"]:
        raise UsageError("--audience names an audience of the memberships", hint="give --memberships too")
    for name in ("match_field", "send_audiences_to"):
        if given[name].casefold() in {_NONE, ""}:
            given[name] = None
    if not given["audience_rules"] and not given["membership_audiences"]:
        del given["audience_rules"]
    text = starter(**given)
    load(output, text=text)  # before it takes the place of one that is good
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written: {error.strerror}", hint="name a file in a folder that exists"
        ) from error
    write(f"wrote {output}")
    streams.talk(_next_steps(given, output))


def _asked(ctx: click.Context, given: Mapping[str, Any]) -> dict[str, str]:
    """What the person answers; a flag that was given is not asked for."""
    from click.core import ParameterSource

    return {
        name: click.prompt(question, default=given[name], err=True)
        for name, question in _QUESTIONS
        if ctx.get_parameter_source(name) is ParameterSource.DEFAULT
    }


def _refuse(what: str | None, name: str) -> None:
    if what is not None:
        raise UsageError(f"--{name.replace('_', '-')}: {what}", hint="no secret stands in the config itself")


def _next_steps(given: Mapping[str, Any], output: Path) -> str:
    place = "" if output.name == "audiencesync.yaml" and output.parent == Path() else f" -c {output}"
    return (
        f"next: put the app's key where {given['consumer_key']} and {given['private_key']} find it,\n"
        f"      see that the columns fit your data, then `audiencesync plan{place}`"
    )


def _is_person_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
