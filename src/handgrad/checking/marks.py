"""Marks by a scheme: method, accuracy and follow-through; one penalty a cause, what is carried rightly is free.

    marked(report, read_scheme(text), problem, "r017").marks        # {"got": 17, "out_of": 18, "parts": […], "lost": […]}

What could not be read or decided costs nothing; a person looks at it. A mark is given by the report alone: prose on the page is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction
from typing import Any

from handgrad.checking.quantities import Names
from handgrad.checking.report import Judgement, Report
from handgrad.checking.rows import Ledgerer
from handgrad.checking.scheme import Part, Scheme, SchemeError
from handgrad.checking.words import HOLDS, name
from handgrad.errors import HandgradError
from handgrad.problem import COMMA, DERIVATIVE, Problem, gradient
from handgrad.reading.mathematics import formula
from handgrad.reading.surface import Surface, spelled
from handgrad.records import dataclass

ZERO = Fraction(0)


def number(marks: Fraction) -> int | float:
    """The marks as they are written: whole if they are."""
    return int(marks) if marks.denominator == 1 else float(marks)


def marked(report: Report, scheme: Scheme, problem: Problem | None = None, page: str = "") -> Report:
    """The report with its marks, and with what each judgement costs; `page` is its name in `[forgive]`."""
    marker = _Marker(report, scheme, problem, frozenset(scheme.forgiven.get(page, ())))
    parts = [marker.part(part) for part in scheme.parts]
    got, out_of = sum((p[1] for p in parts), ZERO), sum((p[2] for p in parts), ZERO)
    marks = {
        "got": number(got), "out_of": number(out_of),
        "parts": [{"name": name, "got": number(part), "out_of": number(whole)} for name, part, whole in parts],
        "lost": [loss.as_dict() for loss in marker.losses], "forgiven": [loss.as_dict() for loss in marker.forgiven],
    }
    judged = tuple(replace(j, penalty=float(marker.costs[j.id])) if j.id in marker.costs else j for j in report.judgements)
    return replace(report, marks=marks, judgements=judged)


@dataclass(frozen=True, slots=True)
class Loss:
    """Marks that a quantity lost: in which part, by which judgement, and why."""

    part: str
    quantity: str
    marks: Fraction
    why: str
    line: int | None = None
    id: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The loss as JSON."""
        return {"part": self.part, "quantity": self.quantity, "marks": number(self.marks), "why": self.why, "line": self.line, "id": self.id}


@dataclass
class _Marker:
    report: Report
    scheme: Scheme
    problem: Problem | None
    free: frozenset[int | str]
    losses: list[Loss] = field(default_factory=list)
    forgiven: list[Loss] = field(default_factory=list)
    costs: dict[str, Fraction] = field(default_factory=dict)        # by judgement
    about: Mapping[str, Sequence[Judgement]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = Names(self.problem)
        heads = Ledgerer(self.report).heads
        found: dict[str, list[Judgement]] = {}
        for j in self.report.judgements:
            for key in dict.fromkeys(_keys(j, heads.get(j.id), names)):
                found.setdefault(key, []).append(j)
        self.about = found

    def part(self, part: Part) -> tuple[str, Fraction, Fraction]:
        """The name of a part, the marks got and the marks there are."""
        entries = [entry for quantity in part.of for entry in self._entries(quantity, part)]
        lost = sum((self._lost(entry, part) for entry in dict.fromkeys(entries)), ZERO)
        whole = part.each * len(dict.fromkeys(entries))
        return part.name, whole - lost, whole

    def _entries(self, quantity: str, part: Part) -> list[str]:
        """The entries that a quantity of the scheme stands for."""
        if self.problem is None:
            return [_spelled(quantity)]
        names = Names(self.problem)
        key = _normal(quantity)
        found = [entry for _, entry in names.entries(key)]
        if found:
            return found
        page_name = names.key(formula(quantity))
        if page_name is not None:
            return [entry for _, entry in names.entries(page_name)] or [page_name]
        if "[" in key and any(key == entry for _, entry in names.entries(_whole(key))):
            return [key]
        known = ", ".join([*self.problem.model.tensors, *(gradient(self.problem.of, by) for by in self.problem.by)])
        raise SchemeError(f"{self.scheme.path}: `{quantity[:60]}` in [{part.name}] is nothing that the problem has", remedy=f"it has {known}")

    # ------------------------------------------------------------ one entry

    def _lost(self, entry: str, part: Part) -> Fraction:
        """What an entry loses: never more than it is worth."""
        stated = [j for j in self.about.get(entry, ()) if j.role != "given"]
        losses = list(self._working(entry, stated, part) if part.is_method else self._value(entry, stated, part))
        total = ZERO
        for loss in losses:
            if loss.line in self.free or entry in self.free or (loss.line is None and _page_name(entry, stated) in self.free):
                self.forgiven.append(loss)
                continue
            loss = replace(loss, marks=min(loss.marks, part.each - total))
            if loss.marks > 0:
                self.losses.append(loss)
                total += loss.marks
                if loss.id is not None:
                    self.costs[loss.id] = self.costs.get(loss.id, ZERO) + loss.marks
        return total

    def _value(self, entry: str, stated: Sequence[Judgement], part: Part) -> Iterator[Loss]:
        numbers = [j for j in stated if j.shown is not None] if self.problem is not None else list(stated)
        if not numbers:
            yield self._missing(entry, part, "no value")
        by_method = any(p.is_method and entry in self._all(p) for p in self.scheme.parts)
        yield from self._judged(entry, stated if not by_method else numbers, part)

    def _working(self, entry: str, stated: Sequence[Judgement], part: Part) -> Iterator[Loss]:
        lines = [j for j in stated if j.role not in ("entry", "given")]
        bare = any(m.stated and m.quantity in (entry, _page_name(entry, stated)) for m in self.report.missing)
        if not lines or bare:
            yield self._missing(entry, part, "no working")
        by_value = any(not p.is_method and entry in self._all(p) for p in self.scheme.parts)
        yield from self._judged(entry, [j for j in lines if j.shown is None or not by_value], part)

    def _all(self, part: Part) -> frozenset[str]:
        return frozenset(entry for quantity in part.of for entry in self._entries(quantity, part))

    def _missing(self, entry: str, part: Part, why: str) -> Loss:
        cost = part.rules.missing if part.rules.missing is not None else part.each
        return Loss(part.name, entry, min(cost, part.each), why)

    def _judged(self, entry: str, judgements: Sequence[Judgement], part: Part) -> Iterator[Loss]:
        """What the judgements about an entry cost. One that only carries the fault of another costs nothing, unless the scheme wants it so."""
        for j in judgements:
            if j.id in self.costs:
                continue
            if j.verdict == "slip" and j.cause is None:
                yield Loss(part.name, entry, part.each, name(j.kind) or "slip", j.line, j.id)
            elif j.cause is not None and not part.rules.follow_through and (j.verdict == "slip" or j.verdict in HOLDS and self._is_slip(j.cause)):
                yield Loss(part.name, entry, part.each, "carried", j.line, j.id)
            elif j.verdict == "last_digit" and part.rules.last_digit:
                yield Loss(part.name, entry, part.rules.last_digit, "last digit", j.line, j.id)
            elif j.verdict == "transcription" and j.cause is None and part.rules.repair:
                yield Loss(part.name, entry, part.rules.repair, "repaired", j.line, j.id)

    def _is_slip(self, cause: str) -> bool:
        return any(j.id == cause and j.verdict == "slip" for j in self.report.judgements)


# ---------------------------------------------------------------- names


def _keys(j: Judgement, head: Surface | None, names: Names) -> Iterator[str]:
    """The quantities that a judgement is about."""
    if not j.quantity and head is None:
        return
    tree = _tree(j.quantity) if j.quantity else head
    candidates = [j.quantity, *(names.key(t) for t in (tree, head) if t is not None)]
    key = next((c for c in candidates[1:] if c), None) or j.quantity
    if j.entry is not None and names.problem is not None and names.whole(key):
        yield from (entry for at, entry in names.entries(key) if at in (j.entry, j.entry[:1], j.entry[1:]) and len(at) == _rank(names, key))
        return
    yield key
    if names.problem is not None:
        normal = _normal(j.quantity)
        if normal != key and DERIVATIVE.fullmatch(normal):
            yield normal


def _rank(names: Names, key: str) -> int:
    return max((len(at) for at, _ in names.entries(key)), default=0)


def _tree(text: str) -> Surface | None:
    try:
        return formula(text)
    except HandgradError:
        return None


def _normal(quantity: str) -> str:
    """The quantity with the spaces that problem files have: `d(E, W[1,1])`."""
    squeezed = quantity.replace(" ", "")
    found = DERIVATIVE.fullmatch(squeezed)
    return gradient(found[1], *COMMA.split(found[2])) if found else squeezed


def _whole(key: str) -> str:
    """The quantity that an entry belongs to."""
    return key.partition("[")[0] + (")" if key.startswith("d(") else "")


def _spelled(quantity: str) -> str:
    found = DERIVATIVE.fullmatch(quantity.replace(" ", ""))
    text = rf"\frac{{\partial {found[1]}}}{{\partial {found[2]}}}" if found and "," not in found[2] else quantity
    tree = _tree(text)
    return spelled(tree) if tree is not None else quantity


def _page_name(entry: str, stated: Sequence[Judgement]) -> str:
    """What the page calls an entry."""
    return next((j.quantity for j in stated if j.quantity), entry)
