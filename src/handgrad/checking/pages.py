"""A report as a page: what was found, counted; then part by part the lines that need a word, or all; then what is to be said of the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from handgrad.axes import Model
from handgrad.checking.rows import HEADER, Ledgerer, is_number, repairs
from handgrad.checking.words import HOLDS, VERDICTS, lines, plural, short, verb
from handgrad.document import Block, Count, Document, Heading, Inline, Ledger, Note, Paragraph, Reference, Tally
from handgrad.reading.mathematics import statements
from handgrad.reading.surface import Unread, walk
from handgrad.reading.typesetting import unicode

if TYPE_CHECKING:
    from handgrad.checking.report import Judgement, Report, Section

EMPTY = Model({})
NO_MARKS = "Marks: none without --scheme."


def blocks(report: Report, all: bool = False) -> Document:
    """The page of the report: the lines that need a word, or all of them."""
    found: list[Block] = [tally(report)]
    for section, judgements in parts(report):
        rows = tuple(Ledgerer(report, all, any(map(is_number, judgements))).rows(judgements))
        if section is not None:
            found.append(Heading((headline(section.title),), 1, (lines([section.start, section.end]),)))
        if rows:
            found.append(Ledger(rows, HEADER))
    return Document((), (*found, *ending(report)), EMPTY)


def parts(report: Report) -> Iterator[tuple[Section | None, tuple[Judgement, ...]]]:
    """The parts of the page in which something was judged, each with its judgements."""
    left = list(report.judgements)
    for section in report.sections:
        inside = tuple(j for j in left if section.start <= j.line <= section.end)
        before = tuple(j for j in left if j.line < section.start)
        if before:
            yield None, before
        if inside:
            yield section, inside
        taken = {j.id for j in (*inside, *before)}
        left = [j for j in left if j.id not in taken]
    if left:
        yield None, tuple(left)


MARKED = re.compile(r"\$+([^$\n]{1,200})\$+|\\\(([^\n]{1,200}?)\\\)")


def headline(text: str) -> str:
    """The title of a part with its formulas as text."""
    return MARKED.sub(lambda found: _plain(found[1] or found[2]) or found[0], text)


def _plain(source: str) -> str:
    """A formula as text, or nothing where it cannot be read."""
    sides = [side for statement in statements(source) for side in statement.sides]
    unread = any(isinstance(node, Unread) for side in sides for node in walk(side.tree))
    return "" if unread else " ".join(f"{side.relation} {unicode(side.tree)}".strip() for side in sides)


# ---------------------------------------------------------------- the summary


def tally(report: Report) -> Tally:
    """How much was found of what, and where."""
    return Tally((title(report),), tuple(counts(report)), (got(report),) if report.marks else ())


def title(report: Report) -> str:
    """The page, what it was judged against, and how much of it was read."""
    against = f"{report.page} against {report.problem}" if report.problem else f"{report.page}, from its own definitions"
    left = "none" if not report.unread else str(report.unread)
    return f"{against}: {plural(report.formulas, 'formula')} read, {left} left unread"


def got(report: Report) -> str:
    """The marks."""
    marks = report.marks or {}
    return f"{marks['got']}/{marks['out_of']}"


def counts(report: Report) -> Iterator[Count]:
    """A row for each sort of finding: how many, and where."""
    by = {verdict: [j for j in report.judgements if j.verdict == verdict] for verdict in VERDICTS}
    if report.causes:
        yield Count("✗", plural(len(report.causes), "slip"), tuple(dict.fromkeys(_place(j, short(j.kind)) for j in report.causes)))
    for verdict, one, many in (("undecided", "undecided", "undecided"), ("unread", "unread", "unread"), ("not_checked", "not checked", "not checked")):
        if by[verdict]:
            yield Count("?", plural(len(by[verdict]), one, many), tuple(_place(j) for j in _first_of_lines(by[verdict])))
    if by["last_digit"]:
        yield Count("~", plural(len(by["last_digit"]), "last digit"), tuple(_place(j) for j in by["last_digit"]))
    if by["transcription"]:
        causes = repairs(by["transcription"])
        yield Count("~", plural(len(causes), "misreading"), tuple(map(_lines_of, causes)), "(repaired, free)")
    if report.missing:
        told = tuple((m.quantity + (" (without working)" if m.stated else ""),) for m in report.missing)
        yield Count("!", f"{len(report.missing)} missing", told)
    yield Count("✓", _rest(report, by))


def _first_of_lines(judgements: Sequence[Judgement]) -> list[Judgement]:
    return list({j.line: j for j in reversed(judgements)}.values())[::-1]


def _place(j: Judgement, word: str = "") -> Inline:
    return (Reference(f"{j.line} {word}".strip(), f"L{j.line}"),)


def _lines_of(same: Sequence[Judgement]) -> Inline:
    said: list[Any] = []
    for line in dict.fromkeys(j.line for j in same):
        said += [", " if said else "", Reference(str(line), f"L{line}")]
    return tuple(part for part in said if part)


def _rest(report: Report, by: dict[str, list[Judgement]]) -> str:
    """What holds, and how many numbers round right."""
    holding = sum(len(by[verdict]) for verdict in by if verdict in HOLDS)
    if not holding:
        return "nothing was found that could be judged" if not report.judgements else "nothing else was judged"
    said = "all else holds" if holding < len(report.judgements) else f"all {holding} statements hold" if holding > 1 else "it holds"
    computed = [j for j in report.judgements if is_number(j) and j.by_hand is not None and j.role != "entry"]
    if not computed:
        return said
    right = sum(j.verdict in ("exact", "rounding", "convention", "notation", "right") for j in computed)
    carried = sum(j.verdict in ("carried", "truncation") for j in computed)
    values = plural(len(computed), "computed value")
    told = f"{said}; of {values} {right} {verb(right, 'rounds', 'round')} right"
    return told + (f" and {carried} {verb(carried, 'carries', 'carry')} a rounding" if carried else "")


# ---------------------------------------------------------------- the end


def ending(report: Report) -> Iterator[Block]:
    """Remarks, what is missing, what costs most, and the marks."""
    for m in report.missing:
        yield Note((m.text,), "!")
    for remark in report.remarks:
        yield Note((remark,), "!")
    if report.facts:
        yield Note(("taken from the prose: " + "; ".join(report.facts),), "!")
    codes = {j.code: short(j.kind) for j in report.causes if j.code}
    if codes:
        yield Paragraph((f"More of {'it' if len(codes) == 1 else 'each'}: handgrad explain {', '.join(f'{code} ({codes[code]})' for code in sorted(codes))}.",))
    said: Inline = (*report.closing, " " if report.closing else "", _marks(report))
    yield Paragraph(tuple(part for part in said if part))


def _marks(report: Report) -> str:
    if report.marks is None:
        return NO_MARKS
    parts = "; ".join(f"{part['name']} {part['got']}/{part['out_of']}" for part in report.marks.get("parts", ()))
    return f"Marks: {got(report)}" + (f" ({parts})." if parts else ".")
