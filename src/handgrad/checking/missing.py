"""What a problem asks for and a page lacks: gradients that are never stated, or stated without working."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.checking.knowledge import Knowledge
from handgrad.checking.ledger import Record
from handgrad.checking.report import Absent
from handgrad.problem import gradient


def missing(known: Knowledge) -> tuple[Absent, ...]:
    """The gaps of a page that was gone through, in the order of the problem."""
    return tuple(_gaps(known)) if known.certain is not None else ()


def _gaps(known: Knowledge) -> Iterator[Absent]:
    assert known.certain is not None
    problem = known.certain.problem
    for names in (*((name,) for name in problem.by), *problem.second):
        family = gradient(problem.of, *names)
        keys = [key for key in known.certain.items if known.certain.items[key].family == family]
        unstated = [key for key in keys if not known.ledger.of(key)]
        unworked = [key for key in keys if known.ledger.of(key) and not any(_worked(r) for r in known.ledger.of(key))]
        yield from _told(family, keys, unstated, known, stated=False)
        yield from _told(family, keys, unworked, known, stated=True)


def _worked(record: Record) -> bool:
    return record.worked


def _told(family: str, keys: list[str], gaps: list[str], known: Knowledge, stated: bool) -> Iterator[Absent]:
    """One gap for a whole family that lacks, else one for each entry."""
    for key in [family] if gaps and gaps == keys else gaps:
        name = known.names.said(key)
        yield Absent(name, stated, f"{name} is stated without working" if stated else f"{name} is asked for and never stated")
