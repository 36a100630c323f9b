"""The audit report as one page that needs nothing but itself."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import jinja2
from markupsafe import Markup

from audiencesync.audit.charts import Series, bars_across, bars_up
from audiencesync.audit.facts import OUTCOMES, SHOWN_ROWS, Pace, RunFacts, Tally, gather, pushes
from audiencesync.store import Store

_SHORT_VALUE = 200
_LONG_VALUE = 4_000
_SHORT_LABEL = 44
_CONTROL_PICTURES = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
}
_BUFFERED = 200
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def write_page(store: Store, run_id: str, path: Path, *, cure: Callable[[str], str]) -> None:
    """Write the page of one run.

    Args:
        store: Where the ledger is.
        run_id: The whole id of a run that exists.
        path: The file, which is there already.
        cure: Error code -> what a person does about it.
    """
    facts = gather(store, run_id, cure=cure)
    style = (_folder() / "report.css").read_text(encoding="utf-8")
    stream = (
        _environment()
        .get_template("report.html.j2")
        .stream(
            facts=facts,
            pushes=pushes(store, run_id),
            shown=SHOWN_ROWS,
            outcomes=OUTCOMES,
            style=Markup(style),  # noqa: S704  (our own file)
            policy=_policy(style),
            reason_chart=_reason_chart(facts),
            pace_chart=_pace_chart(facts.pace),
        )
    )
    stream.enable_buffering(_BUFFERED)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(stream)


def shown_text(value: object) -> str:
    """A value as a page can show it: control characters become visible signs."""
    return str(value).translate(_CONTROL_PICTURES)


def duration(seconds: float) -> str:
    """A length of time in words: 0.4 s, 12 s, 3 min 5 s, 2 h 4 min."""
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    whole = timedelta(seconds=round(seconds))
    hours, rest = divmod(int(whole.total_seconds()), 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def _reason_chart(facts: RunFacts) -> Markup | None:
    if not facts.reasons:
        return None
    alt = "Outcomes by reason. " + _told(facts.reasons)
    labels = [_cut(tally.label, _SHORT_LABEL) for tally in facts.reasons]
    return Markup(bars_across(labels, _series(facts.reasons), alt=alt))  # noqa: S704  (escaped by ElementTree)


def _pace_chart(pace: Pace | None) -> Markup | None:
    if pace is None:
        return None
    most = max(pace.slots, key=lambda tally: tally.total)
    alt = f"Answers per {unit(pace.step)}; most of them, {most.total:,}, from {most.label} on."
    labels = [tally.label for tally in pace.slots]
    return Markup(bars_up(labels, _series(pace.slots), alt=alt))  # noqa: S704  (escaped by ElementTree)


def unit(step: int) -> str:
    """How long one slot is: second, 5 minutes, hour."""
    size, name = next((size, name) for size, name in _UNITS if step % size == 0)
    many = step // size
    return name if many == 1 else f"{many} {name}s"


def _told(tallies: Sequence[Tally]) -> str:
    return "; ".join(
        f"{tally.label}: " + ", ".join(f"{count:,} {name}" for name, count in tally.counts.items() if count)
        for tally in tallies
    )


def _series(tallies: Sequence[Tally]) -> Series:
    series = {name: [tally.counts[name] for tally in tallies] for name in OUTCOMES}
    return {name: counts for name, counts in series.items() if any(counts)}


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"


def _policy(style: str) -> str:
    """A page may hold nothing but itself: no script at all, and only the style that belongs to it."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _folder() -> Traversable:
    return resources.files("audiencesync.audit") / "templates"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (_folder() / name).read_text(encoding="utf-8")),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        many="{:,}".format,
        shown=shown_text,
        when=lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}",
        iso=lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    )
    environment.globals.update(
        duration=duration,
        unit=unit,
        short_value=_SHORT_VALUE,
        long_value=_LONG_VALUE,
        between=_between,
    )
    return environment


def _between(start: datetime, end: datetime) -> str:
    return duration((end - start).total_seconds())
