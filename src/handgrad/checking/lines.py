"""Reports that are short: all about one line, and a few statements without a summary by parts."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from handgrad.checking.pages import EMPTY, counts
from handgrad.checking.rows import Ledgerer, is_number, minus_in_text
from handgrad.checking.scheme import Scheme
from handgrad.checking.words import VERDICTS, minus, plural, shown_beside
from handgrad.document import Block, Document, Inline, Ledger, Note, Paragraph, Row
from handgrad.errors import HandgradError

if TYPE_CHECKING:
    from handgrad.checking.report import Judgement, Report


LONGEST = 12                    # characters of a value that is told in full


class LineError(HandgradError):
    """A line of which there is nothing to say."""

    code = "line"


# ---------------------------------------------------------------- one line


def told(report: Report, line: int, scheme: Scheme | None = None, page: str = "") -> Document:
    """All that there is to say about a line: each statement that ends or begins on it, its other readings, its marks."""
    found = [j for j in report.judgements if j.start <= line <= j.line]
    if not found:
        lines = sorted({j.line for j in report.judgements}, key=lambda n: abs(n - line))[:3]
        near = f"the nearest are {', '.join(map(str, sorted(lines)))}" if lines else "there is none on the page"
        raise LineError(f"no statement stands on line {line}", remedy=near)
    made = Ledgerer(report, all=True)
    return Document((), (Ledger(tuple(_whole(made, j, report, scheme, page) for j in found)),), EMPTY)


def _whole(made: Ledgerer, j: Judgement, report: Report, scheme: Scheme | None, page: str) -> Row:
    notes = [*made.notes(j), *_numbers(j), *_readings(j), *_marks(j, report, scheme, page)]
    said = minus_in_text(j.because)
    if said and not any(said in str(note) for note in notes):
        notes.insert(0, (said,))
    text: Inline = made.formula(j) if j.tree is not None else (j.source,)
    return Row(str(j.line), j.mark, text, (), made.word(j), tuple(notes))


def _numbers(j: Judgement) -> Iterator[Inline]:
    if is_number(j):
        told = [f"{name} {minus(value)}" for name, value in (("shown", j.shown), ("by hand", j.by_hand), ("exact", j.exact)) if value]
        yield (", ".join(told),)


def _readings(j: Judgement) -> Iterator[Inline]:
    """How it was read, and the other readings with their weights; other slips that would explain it."""
    if j.read_as and j.verdict == "transcription":
        yield (f"read as {minus_in_text(j.read_as)}",)
    for reading in j.readings:
        yield (f"reading of weight {reading.weight:.2f}: {reading.text}",)
    for other in j.explanations[1:]:
        yield (f"or, with weight {other.weight:.2f}: {other.message}" + (f"; right: {other.right}" if other.right else ""),)


def _marks(j: Judgement, report: Report, scheme: Scheme | None, page: str) -> Iterator[Inline]:
    if report.marks is None or scheme is None:
        return
    copies = [other for other in report.judgements if other.cause == j.id]
    free = f"; what is carried from it in {_lines(copies)} costs nothing" if copies and not any(c.penalty for c in copies) else ""
    if j.penalty:
        yield (f"costs {_said(j.penalty)}{free}",)
        after = Fraction(str(report.marks["got"])) + Fraction(str(j.penalty))
        shown = int(after) if after.denominator == 1 else float(after)
        yield (f"if forgiven in {scheme.path or 'the scheme'}, [forgive] {page} = [{j.line}]: {shown}/{report.marks['out_of']}",)
    elif any(loss["id"] == j.id for loss in report.marks["forgiven"]):
        yield (f"forgiven in {scheme.path or 'the scheme'}",)
    elif j.verdict not in ("right", "exact", "rounding"):
        yield ("costs nothing",)


def _said(penalty: float) -> str:
    return f"{penalty:g} {'mark' if penalty == 1 else 'marks'}"


def _lines(judgements: list[Judgement]) -> str:
    numbers = sorted({j.line for j in judgements})
    return ("line " if len(numbers) == 1 else "lines ") + ", ".join(map(str, numbers))


# ---------------------------------------------------------------- a few statements


def compact(report: Report) -> Document:
    """The statements that need a word, each with that word at its right; of few statements all."""
    few = len(report.judgements) <= 3
    made = Ledgerer(report, all=True)
    numbered = {id(made.heads[j.id]) for j in report.judgements if is_number(j)}
    rows = [_short(made, j) for j in report.judgements
            if _speaks(j) and (j.verdict != "transcription" or j.id in made.echoes) or few and (j.shown is not None or id(made.heads[j.id]) not in numbered)]
    blocks: list[Block] = [] if few else [Paragraph((f"{_title(report)}: {_counted(report)}",))]
    blocks += [Ledger(tuple(rows))] if rows else []
    blocks += [Note((m.text,), "!") for m in report.missing]
    return Document((), tuple(blocks), EMPTY)


def _speaks(j: Judgement) -> bool:
    return j.mark != "✓" or not j.follows


def _title(report: Report) -> str:
    return f"{report.page} against {report.problem}" if report.problem else f"{report.page}, from its own definitions"


def _counted(report: Report) -> str:
    labels = [count.label for count in counts(report) if count.mark != "✓"]
    return ", ".join(labels) if labels else f"{plural(len(report.judgements), 'statement')}, and all hold"


def _short(made: Ledgerer, j: Judgement) -> Row:
    number, anchor = str(j.line), f"L{j.line}"
    if j.mark == "✓" and is_number(j) and j.follows:
        shown = minus(j.shown or "")
        beside = shown_beside(j.by_hand, j.shown) if len(j.by_hand or "") > LONGEST else minus(j.by_hand or "")
        said = f"{shown} is {'right as rounded' if j.verdict == 'rounding' else VERDICTS[j.verdict]}"
        return Row(number, j.mark, (said + (f" ({beside})" if beside and beside != shown else ""),), anchor=anchor)
    if j.mark == "✓" and j.because:
        return Row(number, j.mark, (j.because,), anchor=anchor)
    text: Inline = made.formula(j) if j.tree is not None else (j.source,)
    reason = minus_in_text(made.reason(j)) or VERDICTS[j.verdict]
    extra = [note for note in made.notes(j) if note != (reason,)]
    return Row(number, j.mark, text, word=(reason,), notes=tuple(extra), anchor=anchor)
