r"""The lines of a page by what they are: headings, rows of tables, displays, fences, and the text between them.

Bullets, numbers of a list and the like stand in front of a block and are no part of it. A heading is a line that says so (`# …`, underlined,
`\section{…}`, bold alone, capitals alone), or a numbered or bulleted line of few words without mathematics that begins no list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from handgrad.reading.delimiters import Region
from handgrad.reading.tables import RULE
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the page: kind `title` (with its level), `row` (of a table), `text`, `typed`, `code`, `display` or `unbalanced`."""

    kind: str
    start: int
    end: int
    level: int = 0
    region: Region | None = None


HEADING = re.compile(r"[ \t]{0,3}(?P<marks>#{1,6})[ \t]+(?P<text>[^\n]*?)[ \t#]*$")
SECTION = re.compile(r"[ \t]*\\(?P<kind>part|chapter|section|subsection|subsubsection|paragraph)\*?\{(?P<text>[^\n]*?)\}[ \t]*(?:\\label\{[^{}\n]*\})?[ \t]*$")
BOLD = re.compile(r"[ \t]*(?:(?P<marks>\*\*|__)(?P<text>[^*\n]{1,100}?)(?P=marks)|\\(?:textbf|textsc)\{(?P<latex>[^{}\n]{1,100})\})[ \t:.]*(?:\\\\)?[ \t]*$")
UNDERLINE = re.compile(r"[ \t]*(?:={3,}|-{3,})[ \t]*$")
BULLET = re.compile(
    r"[ \t]*(?P<bullet>(?:[-*+•◦▪‣–·][ \t]+)|(?:\(?(?P<number>\d{1,2}|[a-hA-H]|[ivx]{2,4})[.)][ \t]+)|\\item\b(?:\[[^\]\n]{0,40}\])?[ \t]*"
    r"|(?:Q(?:uestion)?|Problem|Part|Exercise|Step)[ \t]*\d{0,2}[.:)][ \t]+){1,3}")
OPERATORS = tuple("+-*/·−–×")
CAPITALS = re.compile(r"[ \t]*[A-Z][A-Z0-9 \t,&/()'-]{5,60}:?[ \t]*$")
ROW = re.compile(r"[ \t]*\|.*\|")
NO_MATHS = re.compile(r"[=≈<>\\$+^_|∂∇Σ∑]|\d\.\d")
HEADLESS = frozenset(
    "then now hence so thus where and therefore finally first second here we we'll let since because if for from using given that which but also next "
    "substitute substituting combining applying assume note recall this these it is are find compute calculate with as by".split())
LEVELS = {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5}
BRANCH = re.compile(r"[ \t]*(?:if|else)\b")           # begins a line of cases that are written in the formula
SENTENCES = re.compile(r"[.,]\s+\w")
WORDS = re.compile(r"[^\W\d_]{2,}")


def blocks(text: str, marked: Sequence[Region]) -> list[Block]:
    """The blocks of a page in order."""
    found: list[Block] = []
    place = 0
    for region in marked:
        start, end = region.span
        if region.kind == "inline" or region.kind == "typed" and not _fenced(text, region):
            continue
        found += _lines(text, place, start)
        found.append(Block(region.kind, start, end, region=region))
        place = end
    return [*found, *_lines(text, place, len(text))]


def _fenced(text: str, region: Region) -> bool:
    return text[region.span[0]:region.span[0] + 3].lstrip() [:3] in ("```", "~~~") or text[region.span[0]:region.inside[0]].lstrip().startswith(("```", "~~~"))


def _lines(text: str, start: int, end: int) -> Iterator[Block]:
    """The blocks of a stretch that no display interrupts."""
    lines = list(_spans(text, start, end))
    rows = _rows(text, lines)
    paragraph: list[tuple[int, int]] = []
    for n, (first, last) in enumerate(lines):
        line = text[first:last]
        if not line.strip() or UNDERLINE.match(line) and n not in rows:
            yield from _paragraph(text, paragraph)
            paragraph = []
            continue
        title = _title(text, lines, n) if n not in rows else None
        row = n in rows
        bullet = BULLET.match(line)
        if bullet and _hangs(text, paragraph, bullet):
            bullet = None
        if title or row or bullet:
            yield from _paragraph(text, paragraph)
            paragraph = []
        if title:
            yield title
        elif row:
            yield Block("row", first, last)
        else:
            paragraph.append((first + (bullet.end() if bullet else 0), last))
    yield from _paragraph(text, paragraph)


def _rows(text: str, lines: Sequence[tuple[int, int]]) -> set[int]:
    """The lines that are rows of a table: between bars, or round a rule of bars and dashes."""
    found = {n for n, span in enumerate(lines) if ROW.match(text[slice(*span)])}
    for n, span in enumerate(lines):
        if n and n not in found and "|" in text[slice(*span)] and RULE.fullmatch(text[slice(*span)]) and "|" in text[slice(*lines[n - 1])]:
            last = n
            while last + 1 < len(lines) and "|" in text[slice(*lines[last + 1])]:
                last += 1
            found |= set(range(n - 1, last + 1))
    return found


def _spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = stop if stop >= 0 else end
        yield start, stop
        start = stop + 1


def _paragraph(text: str, lines: Sequence[tuple[int, int]]) -> Iterator[Block]:
    if lines and text[lines[0][0]:lines[-1][1]].strip():
        yield Block("text", lines[0][0], lines[-1][1])


def _title(text: str, lines: Sequence[tuple[int, int]], n: int) -> Block | None:
    """The line as a heading, if it is one."""
    first, last = lines[n]
    line = text[first:last]
    if found := HEADING.match(line):
        return Block("title", first, last, len(found["marks"]))
    if found := SECTION.match(line):
        return Block("title", first, last, LEVELS[found["kind"]])
    below = text[slice(*lines[n + 1])].strip() if n + 1 < len(lines) else ""
    if UNDERLINE.match(below) and len(line.strip()) <= 80 and not NO_MATHS.search(line) and _alone(text, lines, n, after=False):
        return Block("title", first, last, 1 if below[0] == "=" else 2)
    if (found := BOLD.match(line)) and not NO_MATHS.search(found["text"] or found["latex"]):
        return Block("title", first, last, 4)
    if CAPITALS.match(line) and len(WORDS.findall(line)) >= 1 and _alone(text, lines, n, after=False) and not re.search(r"\(\d", line):
        return Block("title", first, last, 3)
    bullet = BULLET.match(line)
    if bullet and _heads(line[bullet.end():]) and _alone(text, lines, n) and not _listed(text, lines, n):
        return Block("title", first, last, 2 if bullet["number"] and bullet["number"].isdigit() else 3)
    return None


def _heads(words: str) -> bool:
    """Whether a line of words could be a heading: few, no mathematics, no sentence."""
    found = WORDS.findall(words)
    few = 1 <= len(found) <= 9 and not NO_MATHS.search(words) and found[0].lower() not in HEADLESS
    return few and words.rstrip()[-1] not in ",;:?!" and not SENTENCES.search(words)


def _alone(text: str, lines: Sequence[tuple[int, int]], n: int, after: bool = True) -> bool:
    """Whether a blank line, or the edge of the stretch, stands above (and below)."""
    above = n == 0 or not text[slice(*lines[n - 1])].strip()
    return above and (not after or n + 1 >= len(lines) or not text[slice(*lines[n + 1])].strip())


def _hangs(text: str, paragraph: Sequence[tuple[int, int]], bullet: re.Match[str]) -> bool:
    """Whether what looks like the mark of an item goes on with the formula above it.

    An operator stands to the right of the sign there; a factor such as `(2)` right below the first one behind that sign.
    """
    mark = bullet["bullet"].lstrip()[0]
    if mark not in "-*+·–(":
        return False
    for first, last in reversed(paragraph):
        begin = text.rfind("\n", 0, first) + 1
        sign = next((n for n in range(first, last) if text[n] in "=≈" and text[n - 1] not in "<>!"), -1)
        if sign >= 0:
            behind = len(text[sign + 1:last]) - len(text[sign + 1:last].lstrip())
            column = bullet.start("bullet") + len(bullet["bullet"]) - len(bullet["bullet"].lstrip())
            return column == sign + 1 + behind - begin if mark == "(" else column > sign - begin
        if text[begin:last].lstrip()[:1] not in (*OPERATORS, "(") and not BRANCH.match(text, begin):
            return False
    return False


def _listed(text: str, lines: Sequence[tuple[int, int]], n: int) -> bool:
    """Whether the neighbours of a line are items of the same list."""
    own = BULLET.match(text[slice(*lines[n])])
    for step in (-1, 1):
        m = n + step
        while 0 <= m < len(lines) and not text[slice(*lines[m])].strip():
            m += step
        other = BULLET.match(text[slice(*lines[m])]) if 0 <= m < len(lines) else None
        if own and other and own["bullet"][0] == other["bullet"][0] and own["bullet"][0] in "-*+•◦▪‣–·" and _heads(text[slice(*lines[m])][other.end():]):
            return True
    return False
