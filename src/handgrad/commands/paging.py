"""One page as a file: its text, its problem, its report, its row in the sheet of a class. Workers call `judge`."""

from __future__ import annotations

import glob
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import handgrad.rendering
from handgrad.checking.facsimile import facsimile
from handgrad.checking.hiding import hidden
from handgrad.checking.judging import check
from handgrad.checking.marks import marked
from handgrad.checking.report import Report
from handgrad.checking.scheme import Scheme, SchemeError, read_scheme
from handgrad.checking.tables import findings
from handgrad.commands.files import put_whole
from handgrad.document import render
from handgrad.errors import HandgradError, LimitError, ModelError
from handgrad.problem import Problem, read_problem
from handgrad.reading.decoding import page_text
from handgrad.records import dataclass

assert handgrad.rendering is not None        # importing it makes the formats known
PAGE = "{page}"
LARGEST = 1 << 22                # bytes of a file that is looked at at all
LARGEST_FILE = 1 << 20           # of a problem file or a scheme
VERSION = 1                      # of what is kept of a page that was judged


class CheckError(HandgradError):
    """A call of the command that cannot be followed."""

    code = "check"


def status(report: Report, strict: bool = False) -> int:
    """The exit status: 0 no slip, 1 slips, 2 nothing that could be read; strictly, what is noted or undecided counts as a slip."""
    if not report.judgements or all(j.verdict == "unread" for j in report.judgements):
        return 2
    counted = {"slip", "last_digit", "transcription", "undecided"} if strict else {"slip"}
    return 1 if any(j.verdict in counted for j in report.judgements) else 0


def page_of(path: Path) -> str:
    """The text of a page."""
    with path.open("rb") as file:
        return page_text(file.read(LARGEST + 1))


def text_of(path: str, what: str) -> str:
    """The text of a problem file or a scheme."""
    with Path(path).open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise LimitError(f"the {what} {path} is longer than {LARGEST_FILE >> 20} MiB")
    return data.decode("utf-8-sig").replace("\r\n", "\n")


def problem_path(pattern: str, page: str) -> str:
    """The file of the problem of a page: `{page}` in its name stands for that of the page."""
    return pattern.replace(PAGE, page)


def problem_of(pattern: str, page: str) -> tuple[Problem | None, str]:
    """The problem of a page, and the name of its file."""
    if not pattern:
        return None, ""
    path = problem_path(pattern, page)
    if PAGE in pattern and not Path(path).is_file():
        raise ModelError(f"there is no problem file {path}", remedy=f"{PAGE} in --problem stands for the name of the page without its ending")
    return read_problem(text_of(path, "problem file"), path), Path(path).name


def judged(source: str, name: str, problem: Problem | None = None, problem_name: str = "", scheme: Scheme | None = None, page: str = "") -> Report:
    """The report on a page, with marks if there is a scheme."""
    report = check(source, problem, name, problem_name)
    if scheme is None or not report.judgements:
        return report
    return marked(report, scheme, problem, page)


# ---------------------------------------------------------------- one page of a class


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is asked: the page and its name, its problem, the scheme, where its report goes and what is kept of it."""

    page: str
    id: str
    stem: str
    problem: str = ""
    scheme: str = ""
    report: str = ""
    kept: str = ""
    key: str = ""
    hide: bool = False
    strict: bool = False
    ascii: bool = False


def judge(job: Mapping[str, Any]) -> dict[str, Any]:
    """Judges a page, writes its report and what is kept of it; its row."""
    task = Task(**job)
    try:
        row = _judged(task)
    except HandgradError as error:
        if isinstance(error, SchemeError):
            raise
        row = failed(task.id, f"{error.code}: {error.what}")
    if task.kept:
        put_whole(Path(task.kept), json.dumps({"version": VERSION, "key": task.key, "row": row}, ensure_ascii=True))
    return row


def failed(id: str, why: str) -> dict[str, Any]:
    """The row of a page that could not be judged."""
    return {"id": id, "status": 2, "marks": None, "slips": [], "kinds": [], "noted": 0, "look": [why], "report": "", "title": "", "failed": why}


def _judged(task: Task) -> dict[str, Any]:
    try:
        source = page_of(Path(task.page))
    except OSError as error:            # of the page, and so its own row; one in writing ends the run
        return failed(task.id, f"file: {error.strerror}")
    problem, problem_name = problem_of(task.problem, task.stem)
    scheme = read_scheme(text_of(task.scheme, "scheme"), task.scheme) if task.scheme else None
    report = judged(source, Path(task.page).name, problem, problem_name, scheme, task.stem)
    other = another_set(report, problem, task.problem, task.stem)
    if other:
        report = check(source, None, Path(task.page).name, "")
    shown = hidden(report) if task.hide else report
    row = {"id": task.id, "status": status(report, task.strict), "marks": _marks(report), "report": "", "failed": "", **findings(report)}
    if other:
        row |= {"slips": [], "kinds": [], "noted": 0, "look": [f"its givens are those of {other}"], "marks": None, "status": 1}
    elif not report.judgements:
        row |= {"look": [nothing_in(source)], "status": 2}
    if task.report:
        put_whole(Path(task.report), render(facsimile(shown), "html"))
        row["report"] = Path(task.report).name
    return row


def _marks(report: Report) -> dict[str, Any] | None:
    return None if report.marks is None else {key: report.marks[key] for key in ("got", "out_of", "parts")}


def nothing_in(source: str) -> str:
    """What is said of a page without formulas."""
    pictures = source.count("![") + source.lower().count("<img") + source.count(r"\includegraphics")
    return "no formula found" + (f"; {pictures} picture{'s' if pictures > 1 else ''}" if pictures else "")


# ---------------------------------------------------------------- the wrong set


def another_set(report: Report, problem: Problem | None, pattern: str, page: str) -> str:
    """The page whose set of numbers this one has been worked with; empty if it is its own, or nobody's."""
    shown = Counter(given for j in report.judgements if j.role in ("given", "entry") and (given := _number(j.shown)) is not None)
    if problem is None or PAGE not in pattern or not shown:
        return ""
    own = _met(shown, tuple(problem.values.values()))
    if own > 0.6:
        return ""
    before, _, after = pattern.partition(PAGE)
    for path in sorted(glob.glob(f"{glob.escape(before)}*{glob.escape(after)}")):
        name = path.removeprefix(before).removesuffix(after)
        if name != page and _met(shown, _values(path)) > max(0.9, own):
            return name
    return ""


def _number(text: str | None) -> Fraction | None:
    try:
        return Fraction(text) if text else None
    except ValueError:
        return None


def _met(shown: Counter[Fraction], values: Sequence[Fraction]) -> float:
    """Which part of the values the page shows."""
    wanted = Counter(values)
    return sum((wanted & shown).values()) / max(sum(wanted.values()), 1)


@cache
def _values(path: str) -> tuple[Fraction, ...]:
    try:
        return tuple(read_problem(text_of(path, "problem file"), path).values.values())
    except (HandgradError, OSError, UnicodeDecodeError):
        return ()
