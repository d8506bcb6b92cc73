"""A class: one row a page, sorted by what needs a person; reports, `marks.csv` and `index.html`; what was judged is kept if the run is ended."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from handgrad.axes import Model
from handgrad.checking.tables import written
from handgrad.checking.words import name, plural
from handgrad.commands.files import put_whole
from handgrad.commands.paging import VERSION, Task, failed, problem_path
from handgrad.commands.workers import Limits, Workers
from handgrad.document import Block, Document, Heading, Inline, Paragraph, Reference, Table, render
from handgrad.drawing.roster import file_names, shown
from handgrad.errors import HandgradError
from handgrad.records import dataclass

try:
    import fcntl
except ImportError:                     # a system without locks of this kind
    fcntl = None                        # type: ignore[assignment]

USUAL = Limits()
KEPT, LOCK = ".handgrad", "lock"
MOST_SHOWN = 3                          # slips of a page that its row names
COMMONEST = 12


class ClassError(HandgradError):
    """A class that cannot be checked now."""

    code = "class"


@dataclass(frozen=True, slots=True)
class Class:
    """The pages of a class and how they are judged."""

    pages: Mapping[str, Path]           # by id
    problem: str = ""
    scheme: str = ""
    folder: Path | None = None
    hide: bool = False
    strict: bool = False
    jobs: int = 1
    limits: Limits = USUAL
    judge: tuple[str, str] = ("handgrad.commands.paging", "judge")


Row = dict[str, Any]


def rows_of(found: Class) -> list[Row]:
    """The rows of all pages, those first that a person has to look at. What is written is there as a whole or not at all."""
    if found.folder is None:
        return _sorted(list(_judged(found, {})))
    (found.folder / KEPT).mkdir(parents=True, exist_ok=True)
    with _locked(found.folder):
        tasks = dict(zip(found.pages, _tasks(found, found.folder), strict=True))
        known = {id: row for id, task in tasks.items() if (row := _known(task)) is not None}
        rows = _sorted([*known.values(), *_judged(found, known)])
        put_whole(found.folder / "marks.csv", marks_csv(rows))
        put_whole(found.folder / "index.html", render(index(rows), "html"))
    return rows


def _judged(found: Class, known: Mapping[str, Row]) -> Iterator[Row]:
    tasks = {id: task for id, task in zip(found.pages, _tasks(found, found.folder), strict=True) if id not in known}
    with _progress(len(found.pages), len(known)) as passed, Workers(*found.judge, min(found.jobs, max(len(tasks), 1)), found.limits) as workers:
        for id, row in passed(workers.run({id: asdict(task) for id, task in tasks.items()})):
            yield failed(id, row["failed"]) if "id" not in row else row


def _tasks(found: Class, folder: Path | None) -> Iterator[Task]:
    names = file_names(found.pages)
    for id, path in found.pages.items():
        if folder is None:
            yield Task(str(path), id, path.stem, found.problem, found.scheme, hide=found.hide, strict=found.strict)
            continue
        kept = folder / KEPT / f"{names[id]}.json"
        yield Task(str(path), id, path.stem, found.problem, found.scheme, str(folder / f"{names[id]}.html"), str(kept), _key(found, path),
                   found.hide, found.strict)


# ---------------------------------------------------------------- what is kept


def _key(found: Class, path: Path) -> str:
    """What a report depends on: the page, its problem, the scheme, and who judges."""
    made = hashlib.sha256(json.dumps([VERSION, version("handgrad"), found.hide, found.strict, str(path)]).encode())
    for file in (path, Path(problem_path(found.problem, path.stem)) if found.problem else None, Path(found.scheme) if found.scheme else None):
        try:
            data = file.read_bytes() if file is not None else b""
        except OSError:
            data = b"\x00"
        made.update(len(data).to_bytes(8, "big") + data)
    return made.hexdigest()


def _known(task: Task) -> Row | None:
    """The row of a page that was judged before and has not changed since; None if it has to be judged."""
    try:
        kept = json.loads(Path(task.kept).read_bytes())
        row = kept["row"]
        whole = kept["version"] == VERSION and kept["key"] == task.key and row["id"] == task.id and set(row) >= set(failed("", ""))
        return dict(row) if whole and (not row["report"] or Path(task.report).is_file()) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Only one run at a time works in a folder; a run that was killed holds no lock."""
    with (folder / KEPT / LOCK).open("ab") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ClassError(f"another run is at work in {folder}", remedy="wait for it, or write to another folder: -o DIR") from None
        yield


# ---------------------------------------------------------------- the sheet


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (0 if row["look"] else 1 if row["slips"] else 2, _natural(row["id"])))


def _natural(id: str) -> list[tuple[int, str]]:
    """The id so that r2 comes before r10."""
    parts: list[tuple[int, str]] = []
    digits = ""
    for c in [*id.casefold(), ""]:
        if c.isdecimal() and c.isascii():
            digits += c
            continue
        if digits:
            parts.append((int(digits[:300]), ""))
            digits = ""
        parts.append((-1, c))
    return parts


def has_marks(rows: Iterable[Row]) -> bool:
    """Whether a scheme has given marks to any page."""
    return any(row["marks"] for row in rows)


def marks_csv(rows: Sequence[Row]) -> str:
    """The sheet of marks, in the order of the pages."""
    parts = list(dict.fromkeys(part["name"] for row in rows if row["marks"] for part in row["marks"]["parts"]))
    header = ["page", "marks", "out_of", *parts, "slips", "noted", "to look at", "report"]
    return written([header, *(_csv_row(row, parts) for row in sorted(rows, key=lambda row: _natural(row["id"])))])


def _csv_row(row: Row, parts: Sequence[str]) -> list[Any]:
    marks = row["marks"] or {"got": None, "out_of": None, "parts": []}
    got = {part["name"]: part["got"] for part in marks["parts"]}
    return [row["id"], marks["got"], marks["out_of"], *(got.get(part) for part in parts), "; ".join(row["slips"]), row["noted"], "; ".join(row["look"]),
            row["report"]]


def sheet(rows: Sequence[Row], linked: bool = False) -> Table:
    """One row for each page."""
    with_marks = has_marks(rows)
    header: tuple[Inline, ...] = (("page",), *((("marks",),) if with_marks else ()), ("slips",), ("noted",), ("to look at",))
    cells = tuple((_page(row, linked), *(((_marks(row),),) if with_marks else ()), (_few(row["slips"]),), (str(row["noted"]),), (_few(row["look"]),))
                  for row in rows)
    return Table(header, cells, ("lr" if with_marks else "l") + "lrl")


def _page(row: Row, linked: bool) -> Inline:
    return (Reference(shown(row["id"]), "", row["report"]),) if linked and row["report"] else (shown(row["id"]),)


def _marks(row: Row) -> str:
    return f"{row['marks']['got']}/{row['marks']['out_of']}" if row["marks"] else "–"


def _few(items: Sequence[str]) -> str:
    told = "; ".join(shown(item, 120) for item in items[:MOST_SHOWN])
    return told + (f"; {len(items) - MOST_SHOWN} more" if len(items) > MOST_SHOWN else "")


def index(rows: Sequence[Row]) -> Document:
    """The sheet as a page, with the commonest slips."""
    blocks: list[Block] = [Paragraph((counted(rows),)), sheet(rows, linked=True)]
    common = commonest(rows)
    if common:
        blocks += [Heading(("The commonest slips",)), Table((("slip",), ("pages",), ("on",)), tuple(common), "lrl")]
    return Document((plural(len(rows), "page"),), tuple(blocks), Model({}))


def commonest(rows: Sequence[Row]) -> list[tuple[Inline, ...]]:
    """The slips by how many pages have them: kind and quantity, the count, and some of the pages."""
    pages: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        for kind, quantity in dict.fromkeys(map(tuple, row["kinds"])):
            pages.setdefault((kind, quantity), []).append(row)
    counts = Counter({slip: len(found) for slip, found in pages.items()})
    told: list[tuple[Inline, ...]] = []
    for (kind, quantity), count in counts.most_common(COMMONEST):
        links: list[Any] = []
        for row in pages[(kind, quantity)][:8]:
            links += [", " if links else "", *_page(row, True)]
        more = count - 8
        told.append(((f"{name(kind)}" + (f" in {shown(quantity)}" if quantity else ""),), (str(count),), (*links, f" and {more} more" if more > 0 else "")))
    return told


def counted(rows: Sequence[Row]) -> str:
    """How many pages were marked, or judged."""
    if has_marks(rows):
        marked = sum(bool(row["marks"]) for row in rows)
        return f"{marked} marked, {len(rows) - marked} unmarked."
    read = sum(not row["failed"] and row["status"] < 2 for row in rows)
    return f"{plural(read, 'page')} judged, {len(rows) - read} not readable."


# ---------------------------------------------------------------- the bar


@contextmanager
def _progress(total: int, done: int) -> Iterator[Callable[[Iterable[Any]], Iterator[Any]]]:
    """What counts the pages that pass through it on a bar, if somebody is looking."""
    if not sys.stderr.isatty():
        yield iter
        return
    from rich.console import Console  # noqa: PLC0415 - a fifth of a second that only somebody who looks waits for
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Checking", total=total, completed=done)

        def passed(items: Iterable[Any]) -> Iterator[Any]:
            for item in items:
                bar.advance(task)
                yield item

        yield passed
