"""Seeded points: sizes of axes and exact inputs that honour every fact, and points on the kinks and in the regions of a formula.

A fact is honoured exactly: memberships and labels are drawn, equations are solved rationally for one entry (a quadratic one along a
line through a known solution), inequalities are met by drawing again. A fact that cannot be met is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

from flint import arb, fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear, Unreal
from handgrad.errors import ModelError
from handgrad.expr import (
    TWO,
    And,
    Call,
    Compare,
    Condition,
    Expr,
    Label,
    Letter,
    Member,
    Number,
    Pow,
    Reduce,
    names,
)
from handgrad.verification.evaluation import Evaluator
from handgrad.verification.jets import plain
from handgrad.verification.sizes import Sizes
from handgrad.verification.worlds import STYLES, Closure, OutOfRange, Place, Point, Stack, World, drawn, noise

FACT_BITS = 320
MOST_ATTEMPTS = 60
NOTHING = (Unreal, Unclear, OutOfRange)


def assignments(letters: tuple[Letter, ...], point: Point) -> Iterator[Stack]:
    """All values of free indices."""
    return product(*(range(1, point.size(letter.axis) + 1) for letter in letters))


def ordered(letters: frozenset[Letter]) -> tuple[Letter, ...]:
    """The letters in a fixed order."""
    return tuple(sorted(letters, key=lambda letter: (letter.name, letter.axis.tensor, letter.axis.slot)))


class Fact:
    """A fact with its closures: whether it holds, and for a comparison the difference of its sides."""

    def __init__(self, condition: Condition, evaluator: Evaluator) -> None:
        self.condition = condition
        self.letters = ordered(condition.letters)
        self.truth = evaluator.closure(condition, self.letters)
        self.difference: Closure | None = None
        if isinstance(condition, Compare):
            left, right = _squared(condition)
            self.difference = evaluator.closure(left - right, self.letters)
        elif isinstance(condition, (Member, Label)):
            self.difference = evaluator.closure(condition.entry, self.letters)

    @property
    def equation(self) -> bool:
        """Whether it is solved rather than met."""
        return isinstance(self.condition, Compare) and self.condition.operator == "=="

    def holds(self, stack: Stack, point: Point) -> bool:
        """Whether it holds exactly; an equation also where no precision tells the sides apart (it follows from the definitions)."""
        try:
            return bool(self.truth(stack, World(point)))
        except Unclear:
            if not self.equation or self.difference is None:
                return False
            value = balls.ball(plain(self.difference(stack, World(point))))
            return bool(value.contains(0) and value.rad() < arb(2) ** -200)
        except (Unreal, OutOfRange):
            return False


def _squared(condition: Compare) -> tuple[Expr, Expr]:
    """The sides; of `norm(...) == c` and `sqrt(...) == c` the squares, which are rational."""
    left, right = condition.left, condition.right
    if condition.operator == "==" and isinstance(right, Number) and right.value >= 0:
        square = Number(right.value**2)
        if isinstance(left, Call) and left.function == "sqrt":
            return left.arguments[0], square
        if isinstance(left, Reduce) and left.kind == "norm":
            return Reduce("sum", left.axis, (Pow(left.arguments[0], TWO),)), square
    return left, right


def _split(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, And):
        for part in condition.conditions:
            yield from _split(part)
    else:
        yield condition


def _rank(fact: Fact) -> int:
    return 0 if isinstance(fact.condition, (Member, Label)) else 2 if fact.equation else 1


class Points:
    """The points of one model, each made once."""

    def __init__(self, evaluator: Evaluator, seed: int) -> None:
        self.evaluator, self.seed = evaluator, seed
        self.sizes = Sizes(evaluator.model)
        self.facts = sorted((Fact(c, evaluator) for f in evaluator.model.facts for c in _split(f)), key=_rank)
        self._made: dict[int, Point] = {}
        self._kinks: dict[tuple[int, Stack, int], list[Point]] = {}

    def point(self, number: int) -> Point:
        """Point number so and so, all facts honoured."""
        if number not in self._made:
            self._made[number] = self._drawn(number)
        return self._made[number]

    def _drawn(self, number: int) -> Point:
        for attempt in range(MOST_ATTEMPTS if self.facts else 1):
            seed = f"{self.seed}:{number}:{attempt}"
            point = Point(seed, number + attempt, self.sizes.drawn(seed, number))
            with balls.working_precision(FACT_BITS):
                if not self.facts or self._honoured(point):
                    return point
        failing = next((f for f in self.facts if self._broken(f, point)), self.facts[0])
        raise ModelError("no exact values satisfy " + ("this fact" if len(self.facts) == 1 else "these facts together"),
                         remedy=f"the fact about {', '.join(sorted(_named(failing.condition))) or 'sizes'} is the one that fails")

    def adapted(self, number: int, closures: tuple[Closure, ...], stacks: list[Stack]) -> Point | None:
        """Point number so and so moved until the closures are real there; None where that does not come about."""
        point = self.point(number).moved({})
        with balls.working_precision(FACT_BITS):
            for stack in stacks:
                for closure in closures:
                    if not _made_real(closure, stack, point):
                        return None
            if not self.honours(point):
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
            repaired = False
            for fact in self.facts:
                for stack in assignments(fact.letters, point):
                    if isinstance(fact.condition, (Member, Label)):
                        _note_domain(fact, stack, point, domain)
                    if not fact.holds(stack, point):
                        repaired = True
                        if not _repaired(fact, stack, point, domain, turn):
                            return False
            if not repaired:
                return True
        return self.honours(point)

    # ------------------------------------------------------------ kinks

    def kinks(self, closures: tuple[Closure, ...], stack: Stack, base: Point) -> list[Point]:
        """Points near the base on each kink that the closures meet there, and on either side of it."""
        found: list[Point] = []
        met = _met(closures, stack, base)
        for difference, at in islice(met, 8):
            key = (id(difference), at, id(base))
            if key not in self._kinks:
                self._kinks[key] = self._around(difference, at, base)
            found += self._kinks[key]
        return found

    def _around(self, difference: Closure, stack: Stack, base: Point) -> list[Point]:
        with balls.working_precision(FACT_BITS):
            solved = _solution(difference, stack, base, set())
            if solved is None:
                return self._across(difference, stack, base)
            place, root = solved
            step = fmpq(1, 8) * (1 + noise(str(place)) % 3)
            return [p for x in (root, root + step, root - step) if self.honours(p := base.moved({place: x}))]

    def _across(self, difference: Closure, stack: Stack, base: Point) -> list[Point]:
        """A point on the other side of a kink that no input solves for."""
        point = base.moved({})
        value = _plain_value(difference, stack, point)
        sign = None if value is None else balls.sign(value)
        if not sign:
            return []
        found = _raised(lambda at, world: difference(at, world) * fmpq(-sign), stack, point, 0)
        return [point] if found and self.honours(point) else []


def _named(condition: Condition) -> frozenset[str]:
    from_below = [part for part in (getattr(condition, "left", None), getattr(condition, "right", None), getattr(condition, "entry", None)) if part]
    return frozenset().union(*(names(part) for part in from_below)) if from_below else frozenset()


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


# ---------------------------------------------------------------- reaching the domain


def _made_real(closure: Closure, stack: Stack, point: Point) -> bool:
    """Raises what has to be positive, one after the other, until the closure is real."""
    for turn in range(40):
        asked: list[tuple[Closure, Stack]] = []
        try:
            closure(stack, World(point, asked=asked))
        except Unreal:
            low = next((pair for pair in reversed(asked) if not _exceeds(_plain_value(*pair, point), fmpq(0))), None)
            if low is None or not _raised(*low, point, turn):
                return False
        except (Unclear, OutOfRange):
            return False
        else:
            return True
    return False


def _raised(argument: Closure, stack: Stack, point: Point, turn: int) -> bool:
    """Draws inputs of the argument again, keeping what raises it, until it is positive."""
    places = _inputs(argument, stack, point)
    value = _plain_value(argument, stack, point)
    for trial in range(24 if places else 0):
        mix = noise(f"{point.seed}:{turn}:{trial}:{stack}")
        place = places[mix % len(places)]
        changed = point.moved({place: drawn(f"{point.seed}:{turn}:{trial}:{place}", (mix >> 8) % len(STYLES))})
        reached = _plain_value(argument, stack, changed)
        if _exceeds(reached, value):
            point.given[place], value = changed.given[place], reached
        if _exceeds(value, fmpq(0)):
            return True
    return False


def _plain_value(argument: Closure, stack: Stack, point: Point) -> Scalar | None:
    try:
        return plain(argument(stack, World(point)))
    except NOTHING:
        return None


def _exceeds(a: Scalar | None, b: Scalar | None) -> bool:
    return a is not None and (b is None or balls.sign(a - b) == 1)


# ---------------------------------------------------------------- meeting one fact


def _note_domain(fact: Fact, stack: Stack, point: Point, domain: dict[Place, tuple[Scalar, ...]]) -> None:
    places = _inputs(fact.difference, stack, point)
    if len(places) == 1 and places[0] not in domain:
        match fact.condition:
            case Member(_, values):
                domain[places[0]] = tuple(balls.exact(v) for v in values)
            case Label(_, axis):
                domain[places[0]] = tuple(fmpq(n) for n in range(1, point.size(axis) + 1))


def _repaired(fact: Fact, stack: Stack, point: Point, domain: dict[Place, tuple[Scalar, ...]], turn: int) -> bool:
    """Changes inputs that the fact reads until it holds."""
    if fact.difference is None:
        return False
    places = _inputs(fact.difference, stack, point)
    if not places:
        return False
    if fact.equation:
        solved = _solution(fact.difference, stack, point, set(domain))
        if solved is not None:
            point.given[solved[0]] = solved[1]
            return True
        if not any(p in domain for p in places):
            return _on_conic(fact.difference, stack, point, places)
    for trial in range(200 if all(p in domain for p in places) else 40):
        mix = noise(f"{point.seed}:{turn}:{trial}:{stack}")
        for place in places if fact.equation else [places[mix % len(places)]]:
            point.given[place] = _another(place, point, domain, f"{point.seed}:{turn}:{trial}", mix)
        if fact.holds(stack, point):
            return True
    return False


def _another(place: Place, point: Point, domain: dict[Place, tuple[Scalar, ...]], seed: str, mix: int) -> Scalar:
    text = f"{seed}:{place}"
    if place in domain:
        return domain[place][noise(text) % len(domain[place])]
    return drawn(text, mix % len(STYLES))


def _inputs(difference: Closure | None, stack: Stack, point: Point) -> list[Place]:
    """The inputs that the value is made of, in the order of reading."""
    reads: list[Place] = []
    try:
        if difference is not None:
            difference(stack, World(point, reads=reads))
    except NOTHING:
        pass
    return list(dict.fromkeys(reads))


def _value(difference: Closure, stack: Stack, point: Point, changes: dict[Place, Scalar]) -> Scalar:
    """The exact value with some inputs changed; None where it is not rational."""
    value = _plain_value(difference, stack, point.moved(changes))
    return value if type(value) is fmpq else None


def _solution(difference: Closure, stack: Stack, point: Point, fixed: set[Place]) -> tuple[Place, Scalar] | None:
    """An input in which the difference is linear, and the value that makes it zero."""
    places = [p for p in _inputs(difference, stack, point) if p not in fixed]
    start = noise(point.seed) % max(1, len(places))
    for place in (places[start:] + places[:start])[:6]:
        samples = [_value(difference, stack, point, {place: fmpq(x)}) for x in (1, 2, 4)]
        if any(s is None for s in samples):
            continue
        one, two, four = samples
        slope = two - one
        if slope != 0 and four - two == 2 * slope:
            root = 1 - one / slope
            if _value(difference, stack, point, {place: root}) == 0:
                return place, root
    return None


def _on_conic(difference: Closure, stack: Stack, point: Point, places: list[Place]) -> bool:
    """Moves the point onto a quadric: along a line through one rational point of it, in the direction of the point as drawn."""
    direction = {p: point.entry(p) for p in places}
    for lead, size in product(places, (fmpq(1), fmpq(2), fmpq(1, 2), fmpq(3), fmpq(1, 3))):
        start = {p: size if p is lead else fmpq(0) for p in places}
        if _value(difference, stack, point, start) != 0:
            continue
        along = [_value(difference, stack, point, {p: start[p] + t * direction[p] for p in places}) for t in (1, -1)]
        if any(x is None for x in along):
            continue
        square, slope = (along[0] + along[1]) / 2, (along[0] - along[1]) / 2
        if square == 0 or slope == 0:
            continue
        point.given.update({p: start[p] - slope / square * direction[p] for p in places})
        return bool(_value(difference, stack, point, {}) == 0)
    return False
