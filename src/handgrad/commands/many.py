"""`handgrad check PAGE PAGE… | DIR`: a class, one row a page; its sheet, and reports in a folder where one is named."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handgrad.axes import Model
from handgrad.checking.comparing import compared
from handgrad.commands.classes import Class, Row, counted, rows_of, sheet
from handgrad.commands.output import chosen, put
from handgrad.commands.paging import PAGE, CheckError, text_of
from handgrad.commands.workers import Limits
from handgrad.document import Document, FormatError, Paragraph
from handgrad.problem import read_problem


def run(options: argparse.Namespace, pages: Sequence[Path]) -> int:
    """Judges a class and prints its sheet; the largest exit status of its pages."""
    for word, given in (("--line", options.line is not None), ("--write-problem", options.write_problem), ("--example", options.example)):
        if given:
            raise CheckError(f"{word} is about one page", remedy="give one page")
    if any(str(page) == "-" for page in pages):
        raise CheckError("standard input is one page, and there are others", remedy="give files, or - alone")
    if options.problem and PAGE not in options.problem:
        read_problem(text_of(options.problem, "problem file"), options.problem)
    jobs = options.jobs if options.jobs is not None else min(os.cpu_count() or 1, 8)
    seconds = Limits().seconds if options.seconds is None else options.seconds
    if jobs < 1 or seconds <= 0 or options.memory < 64:
        raise CheckError("a class needs at least one job, some seconds and 64 MiB", remedy="leave --jobs, --seconds and --memory out")
    folder = options.output
    if folder and Path(folder).suffix and not Path(folder).is_dir():
        raise FormatError(f"{folder} is a file, and there are several pages", remedy="write to a folder: -o out/")
    options.output = ""
    output = chosen(options)
    old = text_of(options.compare, "sheet") if options.compare else ""
    limits = Limits(seconds, options.memory)
    found = Class(_ids(pages), options.problem, options.scheme, Path(folder) if folder else None, options.hide_answers, options.strict, jobs, limits)
    rows = rows_of(found)
    put(output, lambda: _sheet(rows, folder, old, options), lambda: {"pages": rows, "changed": compared(old, rows) if old else []})
    return max(int(row["status"]) for row in rows)


def _ids(pages: Sequence[Path]) -> dict[str, Path]:
    """A name for each page: that of its file without the ending, with its folder where two have the same."""
    stems = [page.stem for page in pages]
    ids = [page.stem if stems.count(page.stem) == 1 else str(page) for page in dict.fromkeys(pages)]
    return dict(zip(ids, dict.fromkeys(pages), strict=True))


def _sheet(rows: list[Row], folder: str, old: str, options: argparse.Namespace) -> Document:
    said = counted(rows)
    if folder:
        reports = sum(bool(row["report"]) for row in rows)
        said += f" Wrote {folder}: index.html, marks.csv, {reports} page{'s' if reports != 1 else ''}"
    blocks: list[Any] = [sheet(rows), Paragraph((said,))]
    if old:
        changed = compared(old, rows)
        blocks += [Paragraph((f"Other marks than in {options.compare}: " + ("; ".join(changed) if changed else "none") + ".",))]
    return Document((), tuple(blocks), Model({}))
