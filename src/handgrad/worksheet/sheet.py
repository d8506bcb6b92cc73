"""Worksheets: the worked numbers of a problem, as a page and as JSON."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from handgrad.arithmetic.balls import Scalar, working_precision
from handgrad.arithmetic.decimals import Places, as_told, fraction, in_full
from handgrad.axes import Model
from handgrad.document import Document, Showable
from handgrad.errors import HandgradError, ModelError
from handgrad.expr import Entry, Expr
from handgrad.notation import write
from handgrad.problem import Problem, Rounding, gradient
from handgrad.records import dataclass
from handgrad.trees import subtrees
from handgrad.worksheet.descent import Descent, descent, section
from handgrad.worksheet.facts import kept
from handgrad.worksheet.hand import scalar
from handgrad.worksheet.numbers import PRECISIONS, Numbers, Worked, numbers, with_places
from handgrad.worksheet.pages import sections
from handgrad.worksheet.plan import Plan, plan_of
from handgrad.worksheet.substitution import Display, clean, display

LONG, CERTAIN = 30, 12           # digits: a value that ends within 30 is written in full, else 12 certain ones


@dataclass(frozen=True)
class Worksheet(Showable):
    """A problem with its numbers."""

    problem: Problem
    plan: Plan
    numbers: Numbers
    descent: Descent | None = None

    @cached_property
    def display(self) -> Display:
        """How its formulas and numbers are shown."""
        return display(self.plan, self.numbers, self.problem.values)

    @property
    def model(self) -> Model:
        """The model of the problem."""
        return self.problem.model

    def blocks(self, only: str = "") -> Document:
        """The page; of one quantity alone where it is named."""
        title = (self.problem.title,) if self.problem.title and not only else ()
        found = sections(self.display, self._quantities(only) if only else None)
        if self.descent is not None and self.problem.update is not None and not only:
            with working_precision(self.descent.states[0].bits):
                found += section(self.display, self.descent, self.problem.update)
        return Document(title, tuple(found), self.model)

    def _quantities(self, only: str) -> frozenset[str]:
        """The quantities that a name on the page, or in the model, stands for; of an input, its gradient."""
        wanted = dict(self.problem.names).get(only) or next((q for s, q in self.problem.names if clean(s) == clean(only)), only.replace(" ", ""))
        known = [w.item for w in self.numbers.all]
        of = self.problem.of
        for name in (wanted, gradient(of, wanted)):
            bare = name.replace(" ", "")
            found = frozenset(i.quantity for i in known if bare in (i.quantity.replace(" ", ""), i.family.replace(" ", "")))
            if found:
                return found
        raise ModelError(f"`{only[:60]}` is no number of the page", remedy=f"try one of {', '.join(dict.fromkeys(i.family for i in known))}")

    def json(self, only: str = "") -> dict[str, Any]:
        """The numbers as JSON: formula, substitution, as by hand and exact."""
        wanted = self._quantities(only) if only else None
        shown = [self._number(w) for w in self.numbers.all if wanted is None or w.item.quantity in wanted]
        said: dict[str, Any] = {"title": self.problem.title, "of": self.problem.of, "by": list(self.problem.by)}
        said |= {"second": [list(pair) for pair in self.problem.second]} if self.problem.second else {}
        said |= {"rounding": _policy(self.numbers.rounding), "numbers": shown}
        return said if self.descent is None else said | {"update": self._update(self.descent)}

    def _update(self, found: Descent) -> dict[str, Any]:
        errors = [next(w for w in state.forward if w.item.family == self.problem.of) for state in found.states]
        with working_precision(found.states[0].bits):
            return {
                "weights": [{"name": w.item.quantity, "shown": w.text, "exact": _digits(w.exact)} for w in found.updated],
                "errors": [{"epoch": n, "shown": w.text, "exact": _digits(w.exact)} for n, w in enumerate(errors)],
            }

    def _number(self, worked: Worked) -> dict[str, Any]:
        item, bits = worked.item, self.numbers.bits
        with working_precision(bits):
            by_hand, exact = _digits(worked.value), _digits(worked.exact)
        return {
            "name": item.quantity,
            "spelled": write(self.display.symbol(item.entry), self.model),
            "formula": write(self.display.formula(item.formula), self.model),
            "substituted": write(self.display.put(item.formula), self.model).replace("−", "-"),
            "by_hand": by_hand,
            "shown": [text for _, text in worked.shown],
            "exact": exact,
        }


def _digits(value: Scalar) -> str:
    known = fraction(value)
    full = in_full(known, LONG) if known is not None else None
    return full or as_told(value, Places(CERTAIN, significant=True))[1]


def _policy(rounding: Rounding) -> dict[str, Any]:
    def said(places: tuple[Places, ...]) -> list[dict[str, Any]]:
        return [{"digits": p.count, "significant": p.significant} for p in places]

    listed = {key: said(places) for key, places in rounding.listed.items()}
    return {"default": said(rounding.default), "listed": listed, "ties": rounding.ties, "carry": rounding.carry}


def work(problem: Problem, round: int | None = None, exact: int | None = None, like: Worksheet | None = None) -> Worksheet:
    """The worked page of a problem: as its file rounds, with `round` decimals everywhere, or certified to `exact` significant digits.

    `like` is one of the same problem with other numbers: its formulas are taken from there, which is twice as fast.
    """
    try:
        return _worked(problem, round, exact, like)
    except HandgradError as fault:
        fault.what = problem.located(getattr(fault, "name", "")) + fault.what
        raise


def _worked(problem: Problem, round: int | None, exact: int | None, like: Worksheet | None) -> Worksheet:
    drawn = [name for name in problem.model.inputs if name in problem.draw]
    if drawn:
        raise ModelError(f"{', '.join(f'`{name}`' for name in drawn)} {'is' if len(drawn) == 1 else 'are'} drawn, not given",
                         remedy="`handgrad draw` makes a problem of a template")
    rounding, digits = problem.rounding, 30
    if round is not None:
        rounding = with_places(rounding, Places(round))
    if exact is not None:
        rounding = replace(with_places(rounding, Places(exact, significant=True)), carry="unrounded")
        digits = max(digits, exact + 8)
    plan = _like(problem, like.plan) if like is not None else plan_of(problem)
    kept(plan, {key: scalar(value) for key, value in problem.values.items()}, PRECISIONS[0])
    if problem.update is None:
        made = Worksheet(problem, plan, numbers(plan, rounding, problem.values, digits))
    else:
        found = descent(plan, rounding, problem.update, digits)
        made = Worksheet(problem, plan, found.states[0], found)
    kept(plan, made.numbers.exact, made.numbers.bits)
    return made


def _like(problem: Problem, plan: Plan) -> Plan:
    """The plan with the numbers of the problem; a plan of its own where the two differ in more, or labels decide what is worked."""
    other = plan.problem
    parts = ("of", "by", "second", "sizes", "rounding")
    same = all(getattr(problem, part) == getattr(other, part) for part in parts) and problem.model.source == other.model.source
    if not same or any(isinstance(i, Expr) for d in problem.model.definitions.values() for e in subtrees(d.body) if isinstance(e, Entry) for i in e.indices):
        return plan_of(problem)
    made = replace(plan, problem=problem)
    vars(made).update({part: getattr(plan, part) for part in ("model", "forward", "extremes", "users", "backward", "items", "places", "tape")})
    return made
