"""Seeded points: sizes of axes and exact inputs that honour every fact, and points on the kinks and in the regions of a formula."""

from __future__ import annotations

from itertools import islice

from flint import fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar
from handgrad.expr import Label, Member
from handgrad.verification.evaluation import Evaluator
from handgrad.verification.facts import Fact, assignments, facts_of, note_domain, repaired, unsatisfied
from handgrad.verification.sizes import Sizes
from handgrad.verification.solving import NOTHING, made_real, raised, solution, value_at
from handgrad.verification.worlds import SHORT, Closure, Place, Point, Stack, World, noise

FACT_BITS = 320
MOST_ATTEMPTS = 60


class Points:
    """The points of one model, each made once."""

    def __init__(self, evaluator: Evaluator, seed: int) -> None:
        self.evaluator, self.seed = evaluator, seed
        self.sizes = Sizes(evaluator.model)
        self.facts = facts_of(evaluator)
        self._made: dict[int, Point] = {}
        self._kinks: dict[tuple[Closure, Stack, Point], list[Point]] = {}

    def point(self, number: int) -> Point:
        """Point number so and so, all facts honoured."""
        if number not in self._made:
            self._made[number] = self._drawn(number)
        return self._made[number]

    def short(self) -> Point:
        """A point of short numbers, all facts honoured."""
        return self._drawn(1, SHORT)

    def longer(self, number: int, length: int) -> Point:
        """A point with axes at least so long, all facts honoured."""
        return self._drawn(number, least=length)

    def _drawn(self, number: int, style: int | None = None, least: int = 1) -> Point:
        for attempt in range(MOST_ATTEMPTS if self.facts else 1):
            seed = f"{self.seed}:{number}:{attempt}"
            sizes = self.sizes.drawn(seed, number)
            if least > 1:           # longer also than what a literal index asks for
                sizes = self.sizes.fitted({axis: max(size, least, self.sizes.least.get(axis, 0) + 1) for axis, size in sizes.items()})
            point = Point(seed, number + attempt if style is None else style, sizes)
            with balls.working_precision(FACT_BITS):
                if not self.facts or self._honoured(point):
                    return point
        failing = next((f for f in self.facts if self._broken(f, point) is not None), self.facts[0])
        raise unsatisfied(failing, self.evaluator.model, len(self.facts) == 1)

    def adapted(self, number: int, closures: tuple[Closure, ...], stacks: list[Stack]) -> Point | None:
        """Point number so and so moved until the closures are real there; None where that does not come about."""
        point = self.point(number).moved({})
        with balls.working_precision(FACT_BITS):
            for stack in stacks:
                for closure in closures:
                    if not made_real(closure, stack, point, self.honours):
                        return None
        self._made[number] = point
        return point

    def _broken(self, fact: Fact, point: Point) -> Stack | None:
        return next((s for s in assignments(fact.letters, point) if not fact.holds(s, point)), None)

    def honours(self, point: Point) -> bool:
        """Whether all facts hold at the point."""
        return all(self._broken(fact, point) is None for fact in self.facts)

    def _honoured(self, point: Point) -> bool:
        """Repairs the point until all facts hold, or gives up."""
        domain: dict[Place, tuple[Scalar, ...]] = {}
        for turn in range(6):
            changed = False
            for fact in self.facts:
                for stack in assignments(fact.letters, point):
                    if isinstance(fact.condition, (Member, Label)):
                        note_domain(fact, stack, point, domain)
                    if not fact.holds(stack, point):
                        changed = True
                        if not repaired(fact, stack, point, domain, turn):
                            return False
            if not changed:
                return True
        return self.honours(point)

    # ------------------------------------------------------------ kinks

    def kinks(self, closures: tuple[Closure, ...], stack: Stack, base: Point) -> list[Point]:
        """Points near the base on each kink that the closures meet there, and on either side of it."""
        found: list[Point] = []
        met = _met(closures, stack, base)
        for difference, at in islice(met, 8):
            key = (difference, at, base)
            if key not in self._kinks:
                self._kinks[key] = self._around(difference, at, base)
            found += self._kinks[key]
        return found

    def _around(self, difference: Closure, stack: Stack, base: Point) -> list[Point]:
        with balls.working_precision(FACT_BITS):
            solved = solution(difference, stack, base, set())
            if solved is None:
                return self._across(difference, stack, base)
            place, root = solved
            step = fmpq(1, 8) * (1 + noise(str(place)) % 3)
            return [p for x in (root, root + step, root - step) if self.honours(p := base.moved({place: x}))]

    def _across(self, difference: Closure, stack: Stack, base: Point) -> list[Point]:
        """A point on the other side of a kink that no input solves for."""
        point = base.moved({})
        value = value_at(difference, stack, point)
        sign = None if value is None else balls.sign(value)
        if not sign:
            return []
        return [point] if raised(lambda at, world: difference(at, world) * fmpq(-sign), stack, point, 0, self.honours) else []


def _met(closures: tuple[Closure, ...], stack: Stack, base: Point) -> list[tuple[Closure, Stack]]:
    """The differences that decide a kink, each where it was met first and where it was met last."""
    watch: list[tuple[Closure, Stack]] = []
    for closure in closures:
        try:
            with balls.working_precision(FACT_BITS):
                closure(stack, World(base, watch=watch))
        except NOTHING:
            continue
    first: dict[int, tuple[Closure, Stack]] = {}
    last: dict[int, tuple[Closure, Stack]] = {}
    for difference, at in watch:
        first.setdefault(id(difference), (difference, at))
        last[id(difference)] = (difference, at)
    return list(dict.fromkeys([*first.values(), *last.values()]))
