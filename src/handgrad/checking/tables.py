"""Reports as tables for other programs: CSV that no spreadsheet takes for formulas, and the results file of Gradescope."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from handgrad.checking.pages import title
from handgrad.checking.report import Judgement, Report
from handgrad.checking.rows import Ledgerer, repairs
from handgrad.checking.words import VERDICTS, name
from handgrad.document import render
from handgrad.errors import HandgradError
from handgrad.reading.plain import unicode

NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
COLUMNS = ("page", "line", "link", "entry", "quantity", "verdict", "kind", "code", "shown", "by_hand", "exact", "right", "follows", "cause", "penalty",
           "because", "source")
LONGEST_CELL = 2000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")     # what a spreadsheet takes a cell for a formula by


class TableError(HandgradError):
    """A table that cannot be made of this report."""

    code = "table"


def cell(value: Any) -> str:
    """The value as the cell of a table: numbers stay numbers, a text stays a text and on one line."""
    text = "" if value is None else str(value)
    if NUMBER.fullmatch(text):
        return text
    led = "'" if text.lstrip(" ").startswith(FORMULA) else ""
    line = led + "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= LONGEST_CELL else line[: LONGEST_CELL - 1] + "…"


def written(rows: Iterable[Iterable[Any]]) -> str:
    """The rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def as_csv(report: Report) -> str:
    """One row for each statement of the page."""
    lines = {j.id: j.line for j in report.judgements}
    return written([COLUMNS, *(_row(report, j, lines) for j in report.judgements)])


def _row(report: Report, j: Judgement, lines: dict[str, int]) -> list[Any]:
    entry = f"{j.entry[0]},{j.entry[1]}" if j.entry else ""
    return [report.page, j.line, j.link, entry, j.quantity, j.verdict, j.kind, j.code, j.shown, j.by_hand, j.exact, j.right, str(j.follows).lower(),
            lines.get(j.cause or "", ""), j.penalty, j.because, j.source]


def gradescope(report: Report) -> dict[str, Any]:
    """The results file that an autograder of Gradescope hands in: the score, the parts as tests, and the report as text."""
    marks = report.marks
    if marks is None:
        raise TableError("a results file of Gradescope holds a score, and no marks are given without a scheme", remedy="add --scheme marks.toml")
    return {
        "score": marks["got"], "max_score": marks["out_of"], "output": render(report.blocks(), "terminal"), "output_format": "text", "visibility": "visible",
        "tests": [_test(n, part, marks["lost"]) for n, part in enumerate(marks["parts"], 1)],
    }


def _test(number: int, part: dict[str, Any], lost: Iterable[dict[str, Any]]) -> dict[str, Any]:
    losses = [f"{loss['quantity']}: {loss['why']}" + (f", line {loss['line']}" if loss["line"] else "") + f" (−{loss['marks']})"
              for loss in lost if loss["part"] == part["name"]]
    passed = part["got"] == part["out_of"]
    return {"name": part["name"], "number": str(number), "score": part["got"], "max_score": part["out_of"], "status": "passed" if passed else "failed",
            "output": "\n".join(losses) or "all of it", "output_format": "text"}


def findings(report: Report) -> dict[str, Any]:
    """What a class sheet says of a page: its slips, those that cost marks first; what is noted; what a person has to look at."""
    heads = Ledgerer(report).heads
    names = {j.id: unicode(heads[j.id]) if heads.get(j.id) is not None else j.quantity for j in report.causes}
    causes = sorted(report.causes, key=lambda j: not j.penalty)
    slips = [f"{j.line} {name(j.kind) or 'slip'}" + (f" of {names[j.id]}" if names[j.id] else "") for j in causes]
    noted = sum(j.verdict == "last_digit" for j in report.judgements) + len(repairs(report.judgements))
    look = [f"{j.line}: {j.because or VERDICTS[j.verdict]}" for j in report.judgements if j.verdict in ("undecided", "unread")]
    look += [f"missing: {m.quantity}" for m in report.missing]
    return {"title": title(report), "slips": slips, "kinds": [[j.kind or "slip", names[j.id]] for j in causes], "noted": noted, "look": look}
