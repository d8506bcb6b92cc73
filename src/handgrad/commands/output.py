"""Where a command's answer goes and in which form: the options that all commands share."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import handgrad.rendering
from handgrad.document import Document, FormatError, Options, encoded, file_formats, format_of, formats, render
from handgrad.records import dataclass

assert handgrad.rendering is not None        # importing it makes the formats known
TEXT = ("terminal", "markdown", "latex", "html")
FORMS = (*TEXT, "pdf", "json")
NARROWEST, NARROW, WIDE, WIDEST, PLAIN_WIDTH = 20, 40, 100, 1000, 80


@dataclass(frozen=True, slots=True)
class Output:
    """A form of output: the format, the file (none is the screen), ASCII or not, and the columns."""

    form: str
    file: str
    ascii: bool
    width: int


def parser(command: str, description: str, epilog: str = "") -> argparse.ArgumentParser:
    """The parser of a command, with the options of its output."""
    made = argparse.ArgumentParser(f"handgrad {command}", description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)
    shown = made.add_argument_group("output")
    shown.add_argument("--to", metavar="FORMAT", help=f"one of {', '.join(FORMS)}")
    shown.add_argument("-o", "--output", metavar="FILE", default="", help="write to FILE; its ending decides the format")
    shown.add_argument("--json", action="store_true", help="the same as --to json")
    shown.add_argument("--ascii", action="store_true", help="ASCII characters only")
    shown.add_argument("--width", type=int, metavar="N", help="columns (default 80, or those of the terminal)")
    return made


def chosen(options: argparse.Namespace, own: tuple[str, ...] = ()) -> Output:
    """The output that the options ask for; `own` are formats that the command itself writes."""
    form = "json" if options.json else options.to or _form_of(options.output, own)
    if form not in ("json", *own, *formats(), *file_formats()):
        raise FormatError(f"there is no format {form!r}", remedy=f"formats: {', '.join((*FORMS, *own))}")
    if form in file_formats() and not options.output:
        raise FormatError(f"{form} is no text for the screen", remedy=f"add -o FILE.{form}")
    if options.width is not None and not NARROWEST <= options.width <= WIDEST:
        raise FormatError(f"--width {options.width} is no width of a page", remedy=f"write {NARROWEST} to {WIDEST}")
    if not options.output and sys.stdout is None:
        raise FormatError("standard output is closed", remedy="add -o FILE")
    return Output(form, options.output, options.ascii, options.width or _columns(options.output))


def _form_of(file: str, own: tuple[str, ...] = ()) -> str:
    if not file:
        return "terminal"
    ending = file.lower().rpartition(".")[2]
    if ending in own:
        return ending
    return "json" if file.lower().endswith(".json") else format_of(file)


def _columns(file: str) -> int:
    if file or not sys.stdout.isatty():
        return PLAIN_WIDTH
    return min(max(shutil.get_terminal_size().columns, NARROW), WIDE)


def put(output: Output, document: Callable[[], Document], value: Callable[[], Any]) -> None:
    """Writes the document, or the value as JSON, where the output goes. Only the one that is asked for is made."""
    if output.form in file_formats():
        Path(output.file).write_bytes(encoded(document(), output.form))
        return
    if output.form == "json":
        text = json.dumps(value(), ensure_ascii=output.ascii, indent=2)
    else:
        text = render(document(), output.form, Options(output.width, output.ascii or not _speaks_unicode(output.file), _coloured(output)))
    if output.file:
        Path(output.file).write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    else:
        print(text.rstrip("\n"))


def _coloured(output: Output) -> bool:
    return output.form == "terminal" and not output.file and sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _speaks_unicode(file: str) -> bool:
    if file:
        return True
    try:
        "∂Σᵢ①".encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
