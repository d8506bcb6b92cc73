"""`handgrad check PAGE… | DIR | -`: what holds on a worked page, what is rounding, what slipped, and which slip."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import get_data
from typing import Any

from handgrad.checking.facsimile import facsimile
from handgrad.checking.hiding import hidden
from handgrad.checking.lines import compact, told
from handgrad.checking.problem_file import problem_file
from handgrad.checking.report import Report
from handgrad.checking.scheme import Scheme, read_scheme
from handgrad.checking.tables import as_csv, gradescope
from handgrad.commands.files import put_whole
from handgrad.commands.output import Output, chosen, parser, put
from handgrad.commands.paging import LARGEST, CheckError, judged, nothing_in, page_of, problem_of, status, text_of
from handgrad.derivation.collecting import without_collection
from handgrad.document import Document, encoded
from handgrad.errors import ModelError
from handgrad.problem import read_problem
from handgrad.reading.decoding import page_text

OWN = ("csv", "gradescope")
ENDINGS = (".md", ".markdown", ".tex", ".txt", ".html", ".htm", ".mmd", ".rst")
EXAMPLE = "example.md"
FEW = 3                         # statements of a page that is told without a summary
EXAMPLES = """examples:
  handgrad check page.md
  handgrad check page.md --problem set17.toml --all
  handgrad check page.md --problem set17.toml -o report.html
  handgrad check pages/ --problem 'sets/{page}.toml' --scheme marks.toml -o out/
  echo 'dE/dw1 = (-0.11)(0.68)(0.32)(0.18) = -0.0043' | handgrad check -
  handgrad check --example
  handgrad check --code norm:backward --against rms_norm.txt --by x"""


def run(arguments: Sequence[str]) -> int:
    """Judges a page and prints its report, or a class and prints its sheet; 0 no slip, 1 slips, 2 nothing readable."""
    options = _parser().parse_args(arguments)
    if options.code:
        return int(import_module("handgrad.commands.code").run(options))
    scheme = read_scheme(text_of(options.scheme, "scheme"), options.scheme) if options.scheme else None
    pages = _pages(options.pages)
    if _is_class(options, pages):
        return int(import_module("handgrad.commands.many").run(options, pages))
    return _one(options, pages, scheme)


@without_collection()           # the process ends with the page
def _one(options: argparse.Namespace, pages: list[Path], scheme: Scheme | None) -> int:
    output = chosen(options, OWN)
    source, name, stem = _page(options, pages)
    problem, problem_name = _example_problem() if options.example else problem_of(options.problem, stem)
    report = judged(source, name, problem, problem_name, scheme, stem)
    if not report.judgements:
        print(f"{name}: {nothing_in(source)}", file=sys.stderr)
    if options.write_problem:
        return _write_problem(report, options.write_problem)
    shown = hidden(report) if options.hide_answers else report
    _put(shown, output, options, scheme, stem)
    return status(report, options.strict)


def _parser() -> argparse.ArgumentParser:
    made = parser("check", "What holds on a worked page, what is rounding, what slipped, and which slip.", EXAMPLES)
    made.add_argument("pages", metavar="PAGE", nargs="*", help="pages in Markdown, LaTeX or typed text; folders of them; - for standard input")
    made.add_argument("--problem", metavar="P.toml", default="", help="the problem file; {page} in its name stands for that of each page")
    made.add_argument("--scheme", metavar="S.toml", default="", help="the mark scheme; without it no marks are given")
    made.add_argument("--all", action="store_true", help="also the lines that hold")
    made.add_argument("--line", type=int, metavar="N", help="all that there is to say about line N")
    made.add_argument("--hide-answers", action="store_true", help="where a slip is and of what kind, not what would be right")
    made.add_argument("--write-problem", metavar="FILE", default="", help="make the problem file of the page: model, givens, decimals as shown")
    made.add_argument("--example", action="store_true", help="the page that comes with the package")
    made.add_argument("--strict", action="store_true", help="last digits, repairs and undecided lines count as slips in the exit status")
    gradients = made.add_argument_group("gradient code, instead of a page")
    gradients.add_argument("--code", metavar="MODULE:FUNCTION", default="", help="a function that computes gradients: a module or a .py file, and its name")
    gradients.add_argument("--against", metavar="MODEL", default="", help="text, a file, - or a name of the catalogue")
    gradients.add_argument("--by", metavar="X,Y", default="", help="what the function returns gradients by, in this order")
    many = made.add_argument_group("many pages")
    many.add_argument("--jobs", type=int, metavar="N", help="worker processes (default: as many as processors, at most 8)")
    many.add_argument("--seconds", type=float, metavar="S", help="seconds of computing that a page may take (default 10); of --code, a call (default 60)")
    many.add_argument("--memory", type=int, metavar="MIB", default=512, help="limit of memory for a worker (default 512)")
    many.add_argument("--compare", metavar="OLD.csv", default="", help="list whose marks are others than in this sheet")
    return made


# ---------------------------------------------------------------- pages


def _pages(words: Sequence[str]) -> list[Path]:
    """The pages that the words name; of a folder those with the ending of a page, its own folders too."""
    found: list[Path] = []
    for word in words:
        path = Path(word)
        if word != "-" and path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file()
                            and not any(part.startswith(".") for part in p.parts[len(path.parts):]))
            if not inside:
                raise CheckError(f"there is no page in {word}", remedy=f"pages end in {' '.join(ENDINGS)}")
            found += inside
        else:
            found.append(path)
    return found


def _is_class(options: argparse.Namespace, pages: Sequence[Path]) -> bool:
    return len(pages) > 1 or any(word != "-" and os.path.isdir(word) for word in options.pages)


def _page(options: argparse.Namespace, pages: Sequence[Path]) -> tuple[str, str, str]:
    """The text of the page, its name, and the name without its ending."""
    if options.example:
        if pages:
            raise CheckError("--example is a page of its own", remedy="leave PAGE out")
        return _shipped(EXAMPLE), EXAMPLE, "example"
    if not pages:
        raise CheckError("there is no page to check", remedy="give a file, a folder, or - for standard input; --example shows one")
    if str(pages[0]) == "-":
        if sys.stdin is None:
            raise ModelError("standard input is closed", remedy="give the page as a file")
        return page_text(sys.stdin.buffer.read(LARGEST + 1)), "-", "-"
    return page_of(pages[0]), pages[0].name, pages[0].stem


def _shipped(name: str) -> str:
    data = get_data("handgrad.checking", f"example/{name}")
    assert data is not None, f"the package lacks {name}"
    return data.decode()


def _example_problem() -> tuple[Any, str]:
    return read_problem(_shipped("example.toml"), "example.toml"), "example.toml"


# ---------------------------------------------------------------- one page


def _put(report: Report, output: Output, options: argparse.Namespace, scheme: Scheme | None, stem: str) -> None:
    if output.form in OWN:
        _save(output.file, as_csv(report) if output.form == "csv" else json.dumps(gradescope(report), ensure_ascii=output.ascii, indent=2))
    elif output.file and output.form != "json" and not _is_special(output.file):
        data = encoded(_document(report, output, options, scheme, stem), output.form)
        put_whole(Path(output.file), data.decode()) if output.form != "pdf" else Path(output.file).write_bytes(data)
    else:
        put(output, lambda: _document(report, output, options, scheme, stem), lambda: _value(report, options))


def _is_special(file: str) -> bool:
    return os.path.exists(file) and not os.path.isfile(file)


def _save(file: str, text: str) -> None:
    if not file:
        print(text.rstrip("\n"))
    elif _is_special(file):
        Path(file).write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    else:
        put_whole(Path(file), text)


def _document(report: Report, output: Output, options: argparse.Namespace, scheme: Scheme | None, stem: str) -> Document:
    if options.line is not None:
        return told(report, options.line, scheme, stem)
    if output.form == "html":
        return facsimile(report)
    if options.hide_answers or (output.form == "terminal" and not options.all and 0 < len(report.judgements) <= FEW):
        return compact(report)
    return report.blocks(options.all)


def _value(report: Report, options: argparse.Namespace) -> dict[str, Any]:
    value = report.as_dict()
    if options.line is not None:
        value["lines"] = [line for line in value["lines"] if line["start"] <= options.line <= line["line"]]
    return value


def _write_problem(report: Report, file: str) -> int:
    made = problem_file(report)
    _save(file, made.text)
    print(f"Wrote {file}: {made.said}")
    return 0
