r"""Where mathematics is marked as such on a page: `$ $$ \( \) \[ \]`, environments, fences and code spans.

A `Region` knows its own span, delimiters included, and the span of what is inside. An opening that has no closing ends with its paragraph.
One pass from left to right; a closing that a paragraph lacks is looked for once.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import field
from itertools import islice

from handgrad.reading.surface import Span
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A marked stretch: kind `inline`, `display`, `typed` (a code span or a fence without a language), `code`, or `unbalanced`."""

    span: Span
    inside: Span
    kind: str


DISPLAYS = "equation|align|alignat|gather|multline|eqnarray|flalign|displaymath|math|split|dmath|aligned|alignedat|gathered"
MOST_WITHIN = 2000      # marks of environments in an environment that are counted
OPENING = re.compile(
    rf"(?P<fence>^[ \t]*(?:```+[^`\n]*|~~~+[^\n]*)$)|(?P<code>`+)|(?P<dollars>\$+)|(?P<doubled>\\\\[\[(])|(?P<bracket>\\[\[(])"
    rf"|\\begin\{{(?P<environment>(?:{DISPLAYS})\*?)\}}|(?P<escaped>\\[\\$`])",
    re.MULTILINE,
)
END = re.compile(r"\n[ \t]*(?=\n)")
NEW = re.compile(r"\n[ \t]*(?=\n|#{1,6} |[*+•-] |\d{1,2}[.)] |\|)")
LANGUAGE = re.compile(r"[ \t]*(`+|~+)[ \t]*\{?[ \t]*[=.]?([\w+-]*)")
MATHS = frozenset(("math", "latex", "tex", "katex", "mathjax", "asciimath"))
PLAIN = frozenset(("", "text", "txt", "plain", "plaintext", "none", "console", "output", "handgrad", "ascii"))
DOUBLED_COMMAND = re.compile(r"\\\\(?=[A-Za-z]{2,}|[{},;! ])")


@dataclass(slots=True)
class _Scan:
    """The text, the ends of its paragraphs and of its shorter pieces, and which closings a paragraph is known to lack."""

    text: str
    paragraphs: list[int]
    pieces: list[int]
    lacking: dict[str, int] = field(default_factory=dict)

    def closing(self, mark: str, start: int, end: int) -> int:
        """The next such mark before `end`, or -1."""
        if self.lacking.get(mark, -1) >= end:
            return -1
        found = self.text.find(mark, start, end)
        if found < 0:
            self.lacking[mark] = end
        return found

    def paragraph_end(self, place: int) -> int:
        return _next(self.paragraphs, place)

    def piece_end(self, place: int) -> int:
        return _next(self.pieces, place)


def regions(text: str) -> list[Region]:
    """The marked stretches of a page in order; they do not overlap."""
    scan = _Scan(text, _ends(END, text), _ends(NEW, text))
    found: list[Region] = []
    place = 0
    while opening := OPENING.search(text, place):
        region = _region(scan, opening)
        if region is not None:
            found.append(region)
        place = max(opening.end(), region.span[1]) if region is not None else opening.end()
    return found


def _ends(pattern: re.Pattern[str], text: str) -> list[int]:
    return [m.start() for m in pattern.finditer(text)] + [len(text)]


def _next(ends: list[int], place: int) -> int:
    return ends[min(bisect_left(ends, place), len(ends) - 1)]


def _region(scan: _Scan, opening: re.Match[str]) -> Region | None:
    start, inner = opening.span()
    match opening.lastgroup:
        case "fence":
            return _fence(scan, opening)
        case "code":
            return _code(scan, start, opening.group())
        case "dollars":
            return _dollars(scan, start, len(opening.group()))
        case "doubled":
            closing = {"(": "\\\\)", "[": "\\\\]"}[opening.group()[-1]]
            end = scan.closing(closing, inner, scan.paragraph_end(inner))
            return Region((start, end + 3), (inner, end), "inline" if closing[-1] == ")" else "display") if end >= 0 else None
        case "bracket":
            return _bracket(scan, start, inner)
        case "environment":
            return _environment(scan, opening)
    return None


def _bracket(scan: _Scan, start: int, inner: int) -> Region:
    r"""`\( … \)` and `\[ … \]`; one that is never closed ends with its line or its paragraph."""
    inline = scan.text[inner - 1] == "("
    last = scan.paragraph_end(inner)
    end = scan.closing("\\)" if inline else "\\]", inner, last)
    if end < 0 and not inline:
        end = _over_blank_lines(scan, "\\]", inner)
    if end >= 0:
        return Region((start, end + 2), (inner, end), "inline" if inline else "display")
    last = min(last, _line_end(scan.text, inner)) if inline else last
    return Region((start, last), (inner, last), "inline" if inline else "display")


def _over_blank_lines(scan: _Scan, mark: str, inner: int) -> int:
    """The closing mark of a display that stands on lines of its own with blank lines within, or -1."""
    if scan.text[inner:_line_end(scan.text, inner)].strip():
        return -1
    end, place = -1, inner
    for _ in range(12):
        last = scan.paragraph_end(place + 1)
        end = scan.closing(mark, place, last)
        if end >= 0 or last == len(scan.text):
            break
        place = last
    return end if end >= 0 and not _prose(scan.text[inner:end]) else -1


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return end if end >= 0 else len(text)


def _environment(scan: _Scan, opening: re.Match[str]) -> Region:
    r"""`\begin{align} … \end{align}`: with its own marks, since they say how its lines are laid out; of an equation only what is inside."""
    name = opening["environment"]
    end = _partner(scan, name, opening.end())
    alone = name.rstrip("*") in ("equation", "displaymath", "math", "dmath")
    if end < 0:
        last = scan.paragraph_end(opening.end())
        return Region((opening.start(), last), (opening.end(), last), "display")
    last = end + len(name) + 6
    return Region((opening.start(), last), (opening.end(), end) if alone else (opening.start(), last), "display")


def _partner(scan: _Scan, name: str, inner: int) -> int:
    r"""The `\end` of an environment, those of its like within passed over; else the first, or -1."""
    first = scan.closing(f"\\end{{{name}}}", inner, len(scan.text))
    if first < 0 or scan.text.find(f"\\begin{{{name}}}", inner, first) < 0:
        return first
    depth = 1
    for mark in islice(re.finditer(rf"\\(begin|end)\{{{re.escape(name)}\}}", scan.text[inner:scan.paragraph_end(first)]), MOST_WITHIN):
        depth += 1 if mark[1] == "begin" else -1
        if not depth:
            return inner + mark.start()
    return first


def _dollars(scan: _Scan, start: int, count: int) -> Region | None:
    text = scan.text
    if count > 2:
        return Region((start, start + count), (start, start + count), "unbalanced")
    inner = start + count
    if count == 2:
        last = scan.paragraph_end(inner)
        end = scan.closing("$$", inner, last)
        if end < 0:
            end = _over_blank_lines(scan, "$$", inner)
        return Region((start, end + 2), (inner, end), "display") if end >= 0 else Region((start, last), (inner, last), "display")
    last = scan.piece_end(inner)
    end = _unescaped(scan, inner, last)
    if end < 0 or not _is_maths(text[inner:end], text[end + 1:end + 2]):
        return None
    ticks = end - inner > 2 and text[inner] == "`" == text[end - 1]
    return Region((start, end + 1), (inner + ticks, end - ticks), "inline")


def _unescaped(scan: _Scan, start: int, last: int) -> int:
    """The dollar that closes; one behind a backslash does not, nor do those of a formula in the words of this one: `\text{if $x > 0$}`."""
    end = scan.closing("$", start, last)
    while end > start:
        if scan.text[end - 1] == "\\" and scan.text[end - 2:end] != "\\\\":
            end = scan.closing("$", end + 1, last)
        elif "{" in scan.text[start:end] and IN_WORDS.search(scan.text, max(start, end - LONGEST_WORDS), end):
            inner = scan.closing("$", end + 1, last)
            end = scan.closing("$", inner + 1, last) if inner >= 0 else inner
        else:
            break
    return end


IN_WORDS = re.compile(r"\\(?:text(?:rm|it|bf|normal)?|[mh]box)\{[^{}$]*\Z")
LONGEST_WORDS = 200
SIGNS = re.compile(r"[=^_+*/<>|{}\\]|[^\x00-\x7f]")
WORD = re.compile(r"[A-Za-z]{3,}")


def _is_maths(inside: str, after: str) -> bool:
    """Whether what stands between two dollars is a formula, and not a price and the words behind it."""
    if not inside.strip():
        return bool(inside)
    if inside[0].isdigit() and after.isdigit() and len(WORD.findall(inside)) > 0:
        return False
    return bool(SIGNS.search(inside)) and not _prose(inside) or len(WORD.findall(inside)) < 2


def _prose(text: str) -> bool:
    """Whether a stretch is running text: many words for its length, and hardly a command."""
    words = len(WORD.findall(re.sub(r"\\[A-Za-z]+|\\(?:text|mathrm|operatorname)\{[^{}]*\}", " ", text)))
    return words >= 4 and words * 12 > len(text) and "\\begin" not in text


def _code(scan: _Scan, start: int, ticks: str) -> Region | None:
    """A code span; `` $`x`$ `` is a formula."""
    inner = start + len(ticks)
    end = scan.closing(ticks, inner, scan.piece_end(inner))
    if end < 0:
        return None
    last = end + len(ticks)
    if scan.text[inner:inner + 1] == "$" and scan.text[end - 1:end] == "$" and end - inner > 2:
        return Region((start, last), (inner + 1, end - 1), "inline")
    return Region((start, last), (inner, end), "typed")


def _fence(scan: _Scan, opening: re.Match[str]) -> Region:
    found = LANGUAGE.match(opening.group())
    marks, language = (found[1], found[2].lower()) if found else ("```", "")
    inner = min(opening.end() + 1, len(scan.text))
    closing = re.compile(rf"^[ \t]*{re.escape(marks[0])}{{{len(marks)},}}[ \t]*$", re.MULTILINE).search(scan.text, inner)
    kind = "display" if language in MATHS else "typed" if language in PLAIN else "code"
    if closing is None:
        return Region((opening.start(), len(scan.text)), (inner, len(scan.text)), kind)
    return Region((opening.start(), closing.end()), (inner, max(inner, closing.start() - 1)), kind)
