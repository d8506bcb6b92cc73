r"""The abbreviations that a page defines for itself: `\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}`.

A formula that uses one is written out before it is read; every character of the long form knows what it came from, so that the spans of the
tree point into the page as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from handgrad.reading.surface import Span, Statement
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Macro:
    """How many arguments it takes, the default of its first where that is optional, and its long form."""

    arguments: int
    default: str | None
    body: str


DEFINITION = re.compile(
    r"\\(?P<kind>(?:re|provide)?newcommand|providecommand|renewcommand|DeclareMathOperator|g?def|let)\*?[ \t]*\{?(?P<name>\\[A-Za-z]+)\}?"
    r"[ \t]*(?:\[(?P<count>\d)\])?(?:\[(?P<default>[^\[\]\n]{0,80})\])?(?P<hashes>(?:#\d)*)[ \t]*(?P<open>\{)")
COMMAND = re.compile(r"\\[A-Za-z]+")
ARGUMENT = re.compile(r"#([1-9])")
BARE = re.compile(r"\s*(?:[\^_'&=<>]|\\(?:nabla|partial)(?![A-Za-z])|\\[dt]?frac\s*\{\s*(?:\\partial|\\mathrm\{d\}|d)\s*\}"
                  r"|\\(?:left|right|begin|end|quad|text|big|Big|approx|cdot|odot|times|to|in|le|ge|neq|,)(?![A-Za-z]))")
ALONE = re.compile(r"\s*(?:\\[A-Za-z]+|d|\\(?:mathrm|text|operatorname|mathop)\{\\?d\})\s*")         # what may want an argument, or is the d of a derivative
LONGEST = 20_000
DEEPEST = 12


def definitions(text: str) -> tuple[dict[str, Macro], list[Span]]:
    """The abbreviations that a text defines, and where it does."""
    found: dict[str, Macro] = {}
    spans: list[Span] = []
    place = 0
    while match := DEFINITION.search(text, place):
        end = closing(text, match.end() - 1)
        place = match.end()
        if end < 0:
            continue
        body = text[match.end():end]
        if match["kind"] == "DeclareMathOperator":
            body = rf"\operatorname{{{body}}}"
        count = int(match["count"] or len(match["hashes"]) // 2)
        found[match["name"]] = Macro(count, match["default"], body)
        spans.append((match.start(), end + 1))
        place = end + 1
    return found, spans


def closing(text: str, start: int, longest: int = 4000) -> int:
    """The brace that closes the one at `start`, or -1."""
    depth = 0
    for place in range(start, min(len(text), start + longest)):
        if text[place] in "{}" and text[place - 1:place] != "\\":
            depth += 1 if text[place] == "{" else -1
            if depth == 0:
                return place
    return -1


@dataclass(frozen=True, slots=True)
class Written:
    """A formula written out, and for each character of it the span on the page that it came from."""

    text: str
    origins: tuple[Span, ...]


def written_out(text: str, start: int, end: int, macros: Mapping[str, Macro]) -> Written | None:
    """The stretch with its abbreviations written out; None where it uses none."""
    if not any(match.group() in macros for match in COMMAND.finditer(text, start, end)):
        return None
    found = Written(text[start:end], tuple((n, n + 1) for n in range(start, end)))
    for _ in range(DEEPEST):
        longer = _once(found, macros)
        if longer is None or len(longer.text) > LONGEST:
            break
        found = longer
    return found


def _once(found: Written, macros: Mapping[str, Macro]) -> Written | None:
    """The formula with each abbreviation in it written out once; None where there is none."""
    parts: list[str] = []
    origins: list[Span] = []
    place = 0
    for match in COMMAND.finditer(found.text):
        if match.start() < place or match.group() not in macros:
            continue
        macro = macros[match.group()]
        arguments, end = _arguments(found.text, match.end(), macro)
        if arguments is None:
            continue
        parts.append(found.text[place:match.start()])
        origins += found.origins[place:match.start()]
        whole = (found.origins[match.start()][0], found.origins[end - 1][1])
        for text, span in _filled(macro, arguments):
            parts.append(text)
            origins += found.origins[span[0]:span[1]] if span is not None else [whole] * len(text)
        place = end
    if not parts:
        return None
    return Written("".join(parts) + found.text[place:], (*origins, *found.origins[place:]))


Argument = tuple[str, Span | None]


def _arguments(text: str, place: int, macro: Macro) -> tuple[list[Argument] | None, int]:
    """What stands behind an abbreviation as its arguments, and where they end."""
    found: list[Argument] = []
    for n in range(macro.arguments):
        start = place + len(text[place:]) - len(text[place:].lstrip(" \n\t"))
        if n == 0 and macro.default is not None:
            end = text.find("]", start) if text[start:start + 1] == "[" else -1
            found.append((text[start + 1:end], (start + 1, end)) if end > 0 else (macro.default, None))
            place = end + 1 if end > 0 else place
            continue
        command = COMMAND.match(text, start)
        end = closing(text, start) if text[start:start + 1] == "{" else command.end() if command else start + 1
        if end < 0 or start >= len(text):
            return None, place
        braced = text[start] == "{"
        span = (start + 1, end) if braced else (start, end)
        found.append((text[span[0]:span[1]], span))
        place = end + 1 if braced else end
    return found, place


def _filled(macro: Macro, arguments: list[Argument]) -> Iterable[Argument]:
    """The long form piece by piece; a space keeps a command from the letter behind it."""
    place = 0
    opens, closes = ("", " ") if BARE.match(macro.body) or ALONE.fullmatch(macro.body) else ("{", "}")
    yield opens, None
    for match in ARGUMENT.finditer(macro.body):
        yield macro.body[place:match.start()], None
        number = int(match[1])
        if number <= len(arguments):
            yield arguments[number - 1]
        place = match.end()
    yield macro.body[place:] + closes, None


def on_the_page(statements: Iterable[Statement], origins: tuple[Span, ...]) -> tuple[Statement, ...]:
    """The statements of a formula that was written out, with spans of the page."""
    return tuple(_moved(statement, origins) for statement in statements)


def _moved(value: Any, origins: tuple[Span, ...]) -> Any:
    if isinstance(value, tuple):
        return tuple(_moved(item, origins) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes = {f.name: _moved(getattr(value, f.name), origins) for f in fields(value) if f.name != "span"}
    if hasattr(value, "span"):
        start, end = value.span
        changes["span"] = (origins[min(start, len(origins) - 1)][0], origins[max(start, end - 1)][1]) if origins else value.span
    return replace(value, **changes)
