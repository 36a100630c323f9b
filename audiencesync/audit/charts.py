"""Charts as bare SVG: drawn by pygal, coloured by the page, so that they follow light and dark."""

import re
import sys
from collections.abc import Mapping, Sequence
from math import ceil, log10
from xml.etree import ElementTree as ET

import pygal
from pygal.style import Style

# pygal hooks into every import of the process, for map plug-ins that we do not use, by a protocol that Python
# has retired
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

SVG = "http://www.w3.org/2000/svg"
WIDTH = 400
_MOST_SLOTS = 30
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
_TICKS = 4
_LABELS = 6
_UNWANTED = {"defs", "desc", "title"}
_TIP = f"{{{SVG}}}title"
_STYLE = Style(label_font_size=12, major_label_font_size=12, no_data_font_size=12)
_LONG_NUMBER = re.compile(r"\d+\.\d{2,}")

Series = Mapping[str, Sequence[int]]
"""Outcome -> one count a bar."""


def bars_across(labels: Sequence[str], series: Series, *, alt: str) -> str:
    """Lying stacked bars, the first on top.

    Args:
        labels: One a bar.
        series: Outcome -> one count a bar; the page colours an outcome by the class `bar-<outcome>`.
        alt: What the chart says, for those who do not see it.
    """
    chart = pygal.HorizontalStackedBar(**_options(series, height=54 + 34 * len(labels)))
    turned = {name: list(reversed(counts)) for name, counts in series.items()}
    return _drawn(chart, list(reversed(labels)), turned, alt)


def bars_up(labels: Sequence[str], series: Series, *, alt: str) -> str:
    """Standing stacked bars from left to right, as `bars_across`; a few of many labels are shown."""
    every = max(1, ceil(len(labels) / _LABELS))
    chart = pygal.StackedBar(
        **_options(series, height=200), x_labels_major_every=every, show_minor_x_labels=False
    )
    return _drawn(chart, labels, series, alt)


def step_of(seconds: float) -> int:
    """How many seconds one bar lasts, so that a few dozen cover a stretch of time."""
    for step in _STEPS:
        if seconds / step < _MOST_SLOTS:
            return step
    return ceil(seconds / _MOST_SLOTS)


def _options(series: Series, *, height: int) -> dict[str, object]:
    return {
        "width": WIDTH,
        "height": height,
        "style": _STYLE,
        "js": (),
        "css": (),
        "show_legend": False,
        "margin": 6,
        "spacing": 6,
        "truncate_label": -1,
        "y_labels": _ticks(series),
        "value_formatter": "{:,.0f}".format,
        "disable_xml_declaration": True,
        "no_prefix": True,
    }


def _ticks(series: Series) -> list[int]:
    """Whole numbers from zero that cover the tallest bar, in steps of 1, 2 or 5 times a power of ten."""
    top = max((sum(bar) for bar in zip(*series.values(), strict=True)), default=0)
    least = max(1.0, top / _TICKS)
    power = 10 ** int(log10(least))
    step = int(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least))
    return list(range(0, ceil(max(top, 1) / step) * step + 1, step))


def _drawn(chart: pygal.graph.graph.Graph, labels: Sequence[str], series: Series, alt: str) -> str:
    chart.x_labels = list(labels)
    for name, counts in series.items():
        chart.add(name, list(counts))
    root = ET.fromstring(chart.render(is_unicode=True))  # noqa: S314  (what pygal has just drawn)
    for group in root.iter(f"{{{SVG}}}g"):
        kind = re.search(r"\bserie-(\d+)\b", group.get("class", ""))
        if kind:
            name = list(series)[int(kind[1])]
            group.set("class", f"bar-{name}")
            _name_bars(group, name)
    _strip(root)
    root.set("role", "img")
    root.set("aria-label", alt)
    return ET.tostring(root, encoding="unicode")


def _name_bars(group: ET.Element, name: str) -> None:
    """Let each bar say what it stands for when it is pointed at."""
    for bar in group.iter(f"{{{SVG}}}g"):
        told = {part.get("class"): part.text for part in bar.findall(f"{{{SVG}}}desc")}
        for shape in bar.findall(f"{{{SVG}}}rect"):
            ET.SubElement(shape, _TIP).text = f"{told.get('x_label')}: {told.get('value')} {name}"


def _strip(element: ET.Element) -> None:
    """Leave shapes and texts: no style, script, id, tooltip or bar of no height; short numbers."""
    for child in list(element):
        _strip(child)
        tag = child.tag.removeprefix(f"{{{SVG}}}")
        empty = (tag == "g" and not len(child)) or (
            tag == "rect" and not (child.get("width") and child.get("height"))
        )
        tooltip = "tooltip-overlay" in child.get("class", "")
        ours = tag == "title" and element.tag == f"{{{SVG}}}rect"
        if (tag in _UNWANTED and not ours) or empty or tooltip:
            element.remove(child)
    kept = {
        name: _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.1f}", value)
        for name, value in element.attrib.items()
        if name not in {"id", "style", "rx", "ry"} and value
    }
    element.attrib.clear()
    element.attrib.update(sorted(kept.items()))
    element.text = (element.text or "").strip() or None
    element.tail = None


ET.register_namespace("", SVG)
