"""Why a set of numbers is not handed out: a sigmoid saturates, a kink is hit, a gradient rounds to 0, the set is another's.

What a person sees on paper counts. So all is judged by certified values rounded as the problem says, and what is shown by the numbers
worked by hand too: the two may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from flint import fmpq

from handgrad import catalogue
from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear, Unreal
from handgrad.arithmetic.decimals import Places, as_rounded
from handgrad.drawing.sites import Bend, Flat, Tie, bends, flats
from handgrad.errors import ModelError
from handgrad.expr import Entry, Expr, Letter, Literal
from handgrad.notation import write
from handgrad.problem import Place, Problem, gradient
from handgrad.records import dataclass
from handgrad.trees import names, renamed, subtrees
from handgrad.verification.conditions import CONDITIONS
from handgrad.verification.evaluation import Evaluator
from handgrad.verification.facts import Fact, assignments, facts_of, ordered
from handgrad.verification.formulas import FORMULAS
from handgrad.verification.jets import plain
from handgrad.verification.reductions import REDUCTIONS
from handgrad.verification.worlds import GIVEN, OutOfRange, Point, Stack
from handgrad.worksheet.numbers import Numbers, numbers
from handgrad.worksheet.plan import plan_of

PRECISIONS = (192, 1280)
WORDS = {
    "saturated": "saturated", "kink": "on a kink or a tie", "zero": "with a gradient that rounds to 0", "same_set": "the set of somebody else",
    "no_value": "without a value", "fact": "against a fact of the model",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a set is not handed out: the reason, and what was found, in words."""

    reason: str
    found: str


class Judge:
    """Judges sets of numbers of one problem. What there is to look at is found once."""

    def __init__(self, problem: Problem, reject: tuple[str, ...]) -> None:
        self.problem, self.model = problem, problem.model
        self._evaluator = Evaluator(self.model, catalogue.functions(), FORMULAS | REDUCTIONS | CONDITIONS, 0)
        self._facts = facts_of(self._evaluator)
        self._target = Entry(problem.of, ())
        self._flats = tuple(flats(self.model, problem.of)) if "saturated" in reject else ()
        self._bends = tuple(bends(self.model, problem.of, problem.by)) if "kink" in reject else ()
        self._gathers = any(isinstance(i, Expr) for d in self.model.definitions.values() for n in subtrees(d.body) if isinstance(n, Entry) for i in n.indices)
        self._plan = plan_of(problem)
        self._gradients = frozenset(gradient(problem.of, name) for name in problem.by) if "zero" in reject else frozenset()

    def judged(self, values: Mapping[Place, Fraction]) -> Rejection | None:
        """The first reason to reject the numbers; None if they are good."""
        given = {place: balls.exact(value) for place, value in values.items()}
        point = Point("given", GIVEN, dict(self.problem.sizes), given)
        return next(self._found(point, values), None)

    def _found(self, point: Point, values: Mapping[Place, Fraction]) -> Iterator[Rejection]:
        for fact in self._facts:
            if not self._holds(fact, point):
                yield Rejection("fact", write(fact.condition, self.model))
        for bend in self._bends:
            yield from self._bent(bend, point) if isinstance(bend, Bend) else self._tied(bend, point)
        if self._shown(self._target, (), (), point) is None:
            yield Rejection("no_value", f"{self.problem.of} has no value")
        try:
            worked = self._worked(values)
        except ModelError as error:
            yield Rejection("no_value", error.what)
            return
        by_hand = {w.item.quantity: w.text for w in worked.forward}
        for flat in self._flats:
            yield from self._flattened(flat, point, by_hand)
        yield from self._vanishing(worked)

    def _worked(self, values: Mapping[Place, Fraction]) -> Numbers:
        """The numbers of the worked page. Where labels are drawn, they decide what is worked."""
        plan = plan_of(replace(self.problem, values=values)) if self._gathers else self._plan
        return numbers(plan, self.problem.rounding, values)

    @staticmethod
    def _holds(fact: Fact, point: Point) -> bool:
        with balls.working_precision(PRECISIONS[-1]):
            return all(fact.holds(stack, point) for stack in assignments(fact.letters, point))

    # ------------------------------------------------------------ reasons

    def _flattened(self, flat: Flat, point: Point, by_hand: Mapping[str, str]) -> Iterator[Rejection]:
        """What shows the same however much larger its argument were, and something else for a smaller one."""
        letters = ordered(flat.value.letters)
        for stack in assignments(letters, point):
            name = self._named(flat, letters, stack)
            smaller = {self._shown(e, letters, stack, point, flat.quantity) for e in flat.down}
            certain = self._shown(flat.value, letters, stack, point, flat.quantity)
            for shown in (certain, by_hand.get(name, certain)):
                if shown is not None and all(self._shown(e, letters, stack, point, flat.quantity) == shown for e in flat.up) and smaller != {shown}:
                    yield Rejection("saturated", f"{name} is shown as {shown}")

    def _named(self, flat: Flat, letters: tuple[Letter, ...], stack: Stack) -> str:
        left = self.model.definitions[flat.quantity].entry if flat.quantity else flat.value
        return self._written(left, letters, stack)

    def _bent(self, bend: Bend, point: Point) -> Iterator[Rejection]:
        letters = ordered(bend.difference.letters)
        for stack in assignments(letters, point):
            shown = self._shown(bend.difference, letters, stack, point)
            if shown is not None and not Fraction(shown):
                yield Rejection("kink", f"{self._written(bend.difference, letters, stack)} is 0, a kink")

    def _tied(self, tie: Tie, point: Point) -> Iterator[Rejection]:
        free = ordered(frozenset().union(*(v.letters for v in tie.values)) - {tie.letter})
        for stack in assignments(free, point):
            shown = [s for s in self._competing(tie, free, stack, point) if s is not None]
            best = (max if tie.kind == "max" else min)((Fraction(s) for s in shown), default=None)
            if sum(Fraction(s) == best for s in shown) > 1:
                yield Rejection("kink", f"two values of a {tie.kind} are {next(s for s in shown if Fraction(s) == best)}, a tie")

    def _competing(self, tie: Tie, free: tuple[Letter, ...], stack: Stack, point: Point) -> Iterator[str | None]:
        for value in tie.values:
            if tie.letter is None:
                yield self._shown(value, free, stack, point)
            else:
                for n in range(1, point.size(tie.letter.axis) + 1):
                    yield self._shown(value, (*free, tie.letter), (*stack, n), point)

    def _vanishing(self, worked: Numbers) -> Iterator[Rejection]:
        """The gradients that are shown as 0, by hand or unrounded until the end."""
        for w in worked.backward:
            if w.item.family in self._gradients:
                with balls.working_precision(worked.bits):
                    certain = self._rounded(w.exact, self.problem.rounding.places(w.item.family))
                for shown in (certain, w.text):
                    if not Fraction(shown):
                        yield Rejection("zero", f"{w.item.quantity} is shown as {shown}")

    # ------------------------------------------------------------ values

    def _written(self, e: Expr, letters: tuple[Letter, ...], stack: Stack) -> str:
        return write(renamed(e, {letter: Literal(n) for letter, n in zip(letters, stack, strict=True)}), self.model)

    def _places(self, value: Expr, quantity: str) -> tuple[Places, ...]:
        """How a value is rounded: by what it is called, by default if it has no name."""
        return self.problem.rounding.places(quantity or (value.name if isinstance(value, Entry) else ""))

    def _shown(self, value: Expr, letters: tuple[Letter, ...], stack: Stack, point: Point, quantity: str = "") -> str | None:
        """The value as it stands on paper; None where there is none."""
        closure, places = self._evaluator.closure(value, letters), self._places(value, quantity)
        given = names(value).isdisjoint(self.model.definitions)
        for bits in PRECISIONS:
            try:
                with balls.working_precision(bits):
                    return self._rounded(plain(closure(stack, point.world(bits))), places, given)
            except Unclear:
                continue
            except (Unreal, OutOfRange, ZeroDivisionError):
                return None
        return None

    def _rounded(self, value: Scalar, places: tuple[Places, ...], given: bool = False) -> str:
        """The value rounded; what is exact and made of given numbers alone stands unrounded."""
        if not balls.finite(value):
            raise Unclear("no finite value")
        shown = balls.decimal(value)
        for each in places if not (given and type(value) is fmpq) else ():
            found, shown = as_rounded(value, each, self.problem.rounding.ties)
            value = balls.exact(found)
        return shown
