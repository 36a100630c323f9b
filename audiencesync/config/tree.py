"""A YAML file as plain values, with the line of every key.

Scalars follow YAML 1.2's core schema and nothing else: `yes`, `2024-01-31` and `01234` are text, so a
postal code keeps its zero and a date is not turned into something that JSON cannot hold.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from audiencesync.config.mistakes import KeyPath, Mistake

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = MappingProxyType(
    {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_MERGE = "tag:yaml.org,2002:merge"
_KNOWN_TAG = "tag:yaml.org,2002:"

# Salesforce and DuckDB have no use for anything longer, and Python refuses to parse it.
_LONGEST_INTEGER = 40


@dataclass(frozen=True, slots=True)
class Tree:
    """What a file holds.

    Attributes:
        data: Mappings, lists and scalars.
        lines: The line of every key and list item, from 1.
        mistakes: What YAML allows and we do not, or the one thing that made the file unreadable.
        readable: False when the text is not YAML, so that nothing else can be said about it.
    """

    data: object
    lines: Mapping[KeyPath, int]
    mistakes: tuple[Mistake, ...]
    readable: bool = True


def parse(text: str) -> Tree:
    """Read one YAML document.

    Args:
        text: The whole file.

    Returns:
        Its values. Nothing of the text is ever repeated in a mistake but keys: a pasted secret would be.
    """
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        return _unreadable(_say_syntax(str(error.problem or "")), min(line, text.count("\n") + 1))
    except YAMLError:  # a character that YAML forbids; the exception holds no line
        return _unreadable("a control character, which YAML does not allow", _line_of_control(text))
    except RecursionError:
        return _unreadable("nested too deeply to be a config", 1)
    if node is None:
        return _unreadable("the file is empty", 1)
    builder = _Builder()
    data = builder.build(node, ())
    return Tree(data, builder.lines, tuple(builder.mistakes))


@dataclass(slots=True)
class _Builder:
    lines: dict[KeyPath, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    above: set[int] = field(default_factory=set)

    def build(self, node: Node, keys: KeyPath) -> object:
        self.lines.setdefault(keys, node.start_mark.line + 1)
        if id(node) in self.above:
            self.mistakes.append(Mistake(keys, "an alias to something that contains it"))
            return None
        if not (node.tag or _KNOWN_TAG).startswith(_KNOWN_TAG):
            self.mistakes.append(Mistake(keys, "a YAML tag ('!'), which has no meaning here"))
            return None
        if isinstance(node, ScalarNode):
            return _scalar(node)
        self.above.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return self._list(node, keys)
            return self._mapping(node, keys) if isinstance(node, MappingNode) else None
        finally:
            self.above.discard(id(node))

    def _list(self, node: SequenceNode, keys: KeyPath) -> list[object]:
        return [self.build(item, (*keys, position)) for position, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, keys: KeyPath) -> dict[str, object]:
        found: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                self._merge(value_node, keys, merged)
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                continue
            if not isinstance(key_node, ScalarNode):
                self.mistakes.append(
                    Mistake(
                        keys,
                        "a key that is a list or a mapping; inside braces ${env:NAME} needs quotes",
                        line,
                    )
                )
                continue
            key = str(key_node.value)
            here = (*keys, key)
            if key in found:
                self.mistakes.append(Mistake(here, f"written twice, first on line {self.lines[here]}", line))
                continue
            self._forget(here)  # a merged value that this key overrides
            self.lines[here] = line
            found[key] = self.build(value_node, here)
        return {**merged, **found}

    def _merge(self, node: Node, keys: KeyPath, into: dict[str, object]) -> None:
        parts = node.value if isinstance(node, SequenceNode) else [node]
        for part in parts:
            values = self.build(part, keys)
            if isinstance(values, dict):
                for key, value in values.items():
                    into.setdefault(key, value)
            else:
                self.mistakes.append(Mistake(keys, "'<<' takes a mapping", node.start_mark.line + 1))

    def _forget(self, keys: KeyPath) -> None:
        for known in [known for known in self.lines if known[: len(keys)] == keys]:
            del self.lines[known]


def _scalar(node: ScalarNode) -> object:
    text = str(node.value)
    if node.style is not None:  # quoted, or a block
        return text
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.fullmatch(text) and len(text) <= _LONGEST_INTEGER:
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


_SYNTAX = (
    ("'\\t'", "a tab; YAML is indented with spaces"),
    (
        "mapping values are not allowed",
        "a ':' that does not fit here; check the indentation, or quote the text",
    ),
    ("but found another document", "a second document ('---'); one file holds one config"),
    ("undefined alias", "a '*' that YAML takes for an alias; quote the text"),
    ("end of stream", "a quote that is never closed"),
    ("stream end", "a bracket that is never closed"),
    ("cannot start any token", "a character that needs quotes here"),
    ("unknown escape character", "an unknown '\\' escape in double quotes; use single quotes"),
    ("could not find expected ':'", "a line that is neither 'key: value' nor a list item"),
    ("expected <block end>", "indentation that fits nothing above it"),
    ("expected ',' or", "a list or mapping in brackets that is not closed, or lacks a comma"),
)


def _say_syntax(problem: str) -> str:
    for part, words in _SYNTAX:
        if part in problem:
            return words
    return "not YAML; check quotes, brackets and indentation"


def _unreadable(what: str, line: int) -> Tree:
    return Tree(None, {(): line}, (Mistake((), what, line),), readable=False)


def _line_of_control(text: str) -> int:
    for number, line in enumerate(text.split("\n"), start=1):
        if any(not (char.isprintable() or char in "\t\r") for char in line):
            return number
    return 1
