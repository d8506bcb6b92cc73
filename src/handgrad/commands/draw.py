"""`handgrad draw TEMPLATE.toml --for ID | --roster class.csv --seed N [-o DIR]`: an own set of numbers for each student."""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import handgrad.rendering
from handgrad.commands.files import put_whole
from handgrad.document import FormatError, Options, encoded, file_formats, formats, shared_files
from handgrad.drawing import Drawer, DrawError, Drawn, Roster, file_names, read_roster, read_template, told
from handgrad.drawing.roster import normal, shown, written
from handgrad.drawing.sheet import sheet
from handgrad.errors import LimitError
from handgrad.problem import read_problem
from handgrad.records import dataclass
from handgrad.worksheet import Worksheet, work

assert handgrad.rendering is not None        # importing it makes the formats known
T = TypeVar("T")
ENDINGS = {"html": ".html", "markdown": ".md", "latex": ".tex", "terminal": ".txt", "pdf": ".pdf"}
LARGEST = 1 << 23
SHARING = Options(shared="../")
BATCH = 10              # sets that one process makes at a time
EXAMPLES = """examples:
  handgrad draw template.toml --for r017 --seed 2026
  handgrad draw template.toml --roster class.csv --seed 2026 -o sets/

sets/ then holds ID.toml, sheets/ID.html to hand out, keys/ID.html to keep, and
roster.csv, which says which file is whose. The order of the roster does not
matter, and who joins later changes nobody's set: only of two who draw the very
same numbers is one drawn again."""


@dataclass(frozen=True, slots=True)
class Job:
    """The files of one set: a problem file, a sheet and a key."""

    drawn: Drawn
    name: str
    row: Mapping[str, str]
    folder: Path
    form: str


def run(arguments: Sequence[str]) -> int:
    """Prints one problem file, or writes the files of all; 0."""
    options = _parser().parse_args(arguments)
    if not options.id and options.roster is None:
        raise DrawError("for whom to draw is not said", remedy="add --for ID, or --roster class.csv")
    if options.to not in ENDINGS or options.to not in (*formats(), *file_formats()):
        raise FormatError(f"there is no format {options.to!r} for sheets", remedy=f"formats: {', '.join(ENDINGS)}")
    template = read_template(_text(options.template), options.template)
    roster = read_roster(_text(options.roster), options.roster) if options.roster is not None else Roster({normal(options.id): {}})
    for remark in roster.remarks:
        print(f"! {remark}", file=sys.stderr)
    drawer = Drawer(template, options.seed)
    if options.id is not None:
        return _one(drawer, roster, normal(options.id), options)
    if not options.output:
        raise DrawError("where the sets go is not said", remedy="add -o sets/, or --for ID to print one")
    return _all(drawer, roster, options)


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("handgrad draw", description="An own set of numbers for each student, by the ranges of a template.", epilog=EXAMPLES,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("template", metavar="TEMPLATE", help="a problem file with [draw] in place of its numbers")
    made.add_argument("--for", metavar="ID", dest="id", help="print the problem file of this id; with --roster, as it is in the class")
    made.add_argument("--roster", metavar="FILE", help="a CSV file with a column id: a set for each")
    made.add_argument("--seed", metavar="N", type=int, required=True, help="an integer; the same seed and id give the same set everywhere")
    made.add_argument("-o", "--output", metavar="DIR", default="", help="the folder of the sets; it is made if it is not there")
    made.add_argument("--to", metavar="FORMAT", default="html", help=f"of sheets and keys: {', '.join(ENDINGS)} (default html)")
    return made


def _text(file: str) -> str:
    with Path(file).open("rb") as opened:
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise LimitError(f"{shown(file)} is longer than {LARGEST >> 20} MiB")
    return data.decode("utf-8-sig").replace("\r\n", "\n")


# ---------------------------------------------------------------- one


def _one(drawer: Drawer, roster: Roster, id: str, options: argparse.Namespace) -> int:
    """The set of one id, as it is in the class."""
    if id not in roster.rows:
        raise DrawError(f"{shown(id)} is not in {options.roster}", remedy="leave --roster out to draw for anybody")
    drawn = next(d for d in drawer.each(roster.rows) if d.id == id)
    if not options.output:
        print(drawn.text.rstrip("\n"))
        if drawn.rejected:
            print(_rejected([drawn]), file=sys.stderr)
    elif options.output.endswith(".toml"):
        put_whole(Path(options.output), drawn.text)
    else:
        folder = _folder(options.output, options.to)
        _made([Job(drawn, file_names(roster.rows)[id], roster.rows[id], folder, options.to)])
        print(_report([drawn]))
    return 0


# ---------------------------------------------------------------- a class


def _all(drawer: Drawer, roster: Roster, options: argparse.Namespace) -> int:
    names = file_names(roster.rows)
    with _progress(2 * len(names)) as passed:
        drawn = {d.id: d for d in passed(drawer.each(roster.rows))}
        sets = [drawn[id] for id in roster.rows]
        folder = _folder(options.output, options.to)
        for _ in passed(_written([Job(drawn, names[drawn.id], roster.rows[drawn.id], folder, options.to) for drawn in sets])):
            pass
    rows = [[id, f"{names[id]}.toml", *(row.get(column, "") for column in roster.columns)] for id, row in roster.rows.items()]
    if "same_set" in drawer.template.reject and not drawer.rare(len(names)):
        print("! So few sets are possible that somebody who joins may draw another's; then one of the two is drawn again. More decimals help.", file=sys.stderr)
    put_whole(folder / "roster.csv", written([["id", "file", *roster.columns], *rows]))
    print(_report(sets))
    return 0


def _folder(name: str, form: str) -> Path:
    folder = Path(name)
    for part in (folder, folder / "sheets", folder / "keys"):
        part.mkdir(parents=True, exist_ok=True)
    for file, content in shared_files(form).items():
        put_whole(folder / file, content)
    return folder


def _written(jobs: list[Job]) -> Iterator[None]:
    """Writes the files of all jobs, on all processors where there is enough to do."""
    batches = [jobs[n : n + BATCH] for n in range(0, len(jobs), BATCH)]
    workers = 1 if sys.platform == "emscripten" else min(os.cpu_count() or 1, len(batches))
    if workers < 2:
        yield from (None for batch in batches for _ in range(_made(batch)))
        return
    # new processes instead of copies of this one, whose bar has a thread; an interruption is for this one alone
    spawned = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, spawned, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        try:
            yield from (None for made in pool.map(_made, batches) for _ in range(made))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _made(jobs: list[Job]) -> int:
    """Writes the key, the sheet and the problem file of each set; how many there were."""
    worked: Worksheet | None = None
    for job in jobs:
        ending = ENDINGS[job.form]
        worked = work(read_problem(job.drawn.text, f"{job.name}.toml"), like=worked)
        put_whole(job.folder / "keys" / (job.name + ending), encoded(worked, job.form, SHARING))
        put_whole(job.folder / "sheets" / (job.name + ending), encoded(sheet(worked, job.drawn.text, job.drawn.id, job.row), job.form, SHARING))
        put_whole(job.folder / f"{job.name}.toml", job.drawn.text)
    return len(jobs)


def _report(sets: Sequence[Drawn]) -> str:
    count = len(sets)
    drew = f"Drew {count} sets: a problem file, a sheet and a key each." if count > 1 else "Drew 1 set: a problem file, a sheet and a key."
    return f"{drew} {_rejected(sets)}"


def _rejected(sets: Sequence[Drawn]) -> str:
    """How many were rejected on the way to the sets, and why."""
    rejected = [r for drawn in sets for r in drawn.rejected]
    return f"Rejected {len(rejected)} on the way: {told(rejected)}." if rejected else "None rejected."


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    """What counts the sets that pass through it on a bar, if somebody is looking."""
    if not sys.stderr.isatty():
        yield iter
        return
    from rich.console import Console  # noqa: PLC0415 - a fifth of a second that only somebody who looks waits for
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Drawing", total=total)

        def passed(items: Iterable[T]) -> Iterator[T]:
            for item in items:
                bar.advance(task)
                yield item

        yield passed
