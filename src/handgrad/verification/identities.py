"""Whether two formulas are the same wherever both have a value: apart at a point, proved equal, equal as far as was looked, or undecided.

One point is looked at first, then a proof is tried, and only where there is none the formulas are compared at many points, to as many bits as
parts of their sizes may hide, in every region that their conditions cut out. A region that no point was found in leaves them undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from flint import fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear, Unreal
from handgrad.errors import LimitError
from handgrad.expr import Abstract, Add, Compare, Derivative, Entry, Expr, Mul, Number, Pow, Reduce, Size, parts
from handgrad.trees import names, subtrees
from handgrad.verification.algebra import Ring
from handgrad.verification.facts import assignments, ordered
from handgrad.verification.jets import plain
from handgrad.verification.linear import contradictory
from handgrad.verification.normal import Case, Proof, proof
from handgrad.verification.pairs import AGREED_BITS, Seen, Unusable, pair
from handgrad.verification.regions import explored
from handgrad.verification.solving import NOTHING, inputs
from handgrad.verification.verdicts import Certificate, Verifier, apart_at, chosen
from handgrad.verification.worlds import Closure, OutOfRange, Point, Stack, World

GLANCE_BITS, MEASURE_BITS = 96, 64
MOST_BITS = 100_000             # beyond which no precision is tried: parts that differ so much in size cannot be told apart
SHORT_NUMBER = 24               # bits of a number that hides nothing
LONGEST, MOST_LONG = 12, 2      # the length of an axis where the formulas may agree on short ones alone, and how many such points
COMPARED = {">": (1, 1), "<": (-1, 1), ">=": (1, 2), "<=": (-1, 2), "==": (1, 0)}     # the factor that makes it positive, or not negative, or zero
ATOM, LONG_TEXT, SIGNS = re.compile(r"\bx\d+"), 60, {1: ">", -1: "<", 0: "="}
UNTRIED = Proof(False, Ring(1, {}), beyond=True)
ON_KINK_ONLY = "they differ on a kink only; what is taken there is a convention"
Sides = tuple[Closure, Closure]


class Identities(Verifier):
    """A verifier that also proves, and that looks everywhere before it calls two formulas the same."""

    _both_real = False                      # whether two formulas had values at the first point
    _hidden_bits, _degree = 0.0, 1          # of the two formulas that are compared: in their numbers, and how often parts are multiplied

    def identify(self, left: Expr, right: Expr) -> Certificate:
        """Whether the two are the same wherever both have a value."""
        letters = ordered(left.letters | right.letters)
        sides = self._evaluator.closure(left, letters), self._evaluator.closure(right, letters)
        self._both_real = False
        seen = self._glance(sides, letters)
        if seen is not None:
            return replace(apart_at(self._sample(seen, letters, self._made_of(left, right)), 0, self.seed), samples=())     # it is short as it is
        known = (names(left) | names(right)) & self._evaluator.definitions.keys()
        proved = UNTRIED if known else proof(left, right, self.functions, self.model.facts)
        if proved.proved:
            return self._shown(sides, letters)
        return self._searched(left, right, sides, letters, proved)

    def _made_of(self, left: Expr, right: Expr) -> frozenset[str]:
        return frozenset().union(*(self._evaluator.reach(name) for name in names(left) | names(right)))

    def _glance(self, sides: Sides, letters: tuple[Any, ...]) -> Seen | None:
        """What is seen at one point of short numbers, where the two are apart there and no boundary runs through it."""
        watch: list[tuple[Closure, Stack]] = []
        try:
            point = self._points.short()
            stack = chosen(letters, point, 0)[-1]
            with balls.working_precision(GLANCE_BITS):
                world = World(point, watch=watch)
                left, right = (plain(side(stack, world)) for side in sides)
                self._both_real = balls.finite(left) and balls.finite(right)
                if not (self._both_real and balls.apart(left, right)):
                    return None
                if any(not balls.sign(plain(difference(at, world))) for difference, at in watch):
                    return None
        except (Unclear, Unreal, OutOfRange, LimitError):
            return None
        return Seen(point, stack, left, right, None)

    def _shown(self, sides: Sides, letters: tuple[Any, ...]) -> Certificate:
        """The certificate of a proof, if both have a value anywhere."""
        if not self._both_real:
            for found in chain(self._regular(sides, letters, 1), self._elsewhere(sides, letters, [])):
                if isinstance(found, Seen) and self._inside(found, sides):
                    break
            else:
                return Certificate("undecided", 0, 0, because="no point was found where both have a value", seed=self.seed)
        return Certificate("agrees", 0, 0, because="proved: their difference is zero as an expression", seed=self.seed, proved=True)

    @staticmethod
    def _inside(found: Seen, sides: Sides) -> bool:
        """Whether both are real around the point too: all that has to be positive is."""
        asked: list[tuple[Closure, Stack]] = []
        world = World(found.point, asked=asked)
        with balls.working_precision(GLANCE_BITS):
            for side in sides:
                side(found.stack, world)
            return all(balls.sign(plain(argument(at, world))) == 1 for argument, at in asked)

    # ------------------------------------------------------------ looking everywhere

    def _searched(self, left: Expr, right: Expr, sides: Sides, letters: tuple[Any, ...], proved: Proof) -> Certificate:
        self._hidden_bits, self._degree = _tall(left) + _tall(right), max(_degree(left), _degree(right))
        if _too_often_differentiated(left) or _too_often_differentiated(right):
            return Certificate("undecided", 0, 0, because="a derivative of so high an order of an abstract function has no value here", seed=self.seed)
        seen: list[Seen] = []
        because, edge = "", None
        for found in chain(self._regular(sides, letters, 8), self._long(left, right, sides, letters), self._elsewhere(sides, letters, seen)):
            if isinstance(found, str):
                because = because or found
            elif found.bits is not None:
                seen.append(found)
            elif not self._excused(found, sides, False, True):
                return apart_at(self._sample(found, letters, self._made_of(left, right)), len(seen), self.seed)
            elif edge is None and not self._excused(found, sides, False, False):
                edge = found
        if edge is not None:
            made = apart_at(self._sample(edge, letters, self._made_of(left, right)), len(seen), self.seed)
            return replace(made, because=ON_KINK_ONLY, samples=())
        if not seen:
            return Certificate("undecided", 0, 0, because=f"{because or 'nothing could be evaluated'}, wherever it was tried", seed=self.seed)
        missed = self._missed(proved, sides, letters, seen, left, right)
        if missed:
            return Certificate("undecided", len(seen), 0, because=missed, seed=self.seed)
        elsewhere = f"looked at where both are real; elsewhere: {because}" if because else ""
        samples = tuple(self._sample(s, letters, self._made_of(left, right)) for s in seen[:2])
        return Certificate("agrees", len(seen), min(s.bits or 0 for s in seen), because=elsewhere, seed=self.seed, samples=samples)

    def _bits(self, sides: Sides, stack: Stack, point: Point) -> int:
        """To how many bits the two have to agree here: as many as their parts hide, times how often they are multiplied."""
        hidden: list[tuple[float, Closure, Stack]] = []
        try:
            with balls.working_precision(MEASURE_BITS):
                for side in sides:
                    side(stack, World(point, hidden=hidden))
        except NOTHING:
            pass                                                # what could be measured counts
        bits = AGREED_BITS + (1 + self._degree) * (self._hidden_bits + sum({(id(a), at): b for b, a, at in hidden if b > 8}.values()))
        if not bits < MOST_BITS:
            raise Unusable("parts so different in size that no precision tells whether the smaller ones matter")
        return int(bits)

    def _long(self, left: Expr, right: Expr, sides: Sides, letters: tuple[Any, ...]) -> Iterator[Seen | str]:
        """What is found where axes are longer than a polynomial in their lengths, or in sums along them, can be zero by chance."""
        deep = max(left.height, right.height)
        if not deep and not any(isinstance(n, Size) for side in (left, right) for n in subtrees(side)):
            return
        length = min(LONGEST if deep < 2 else 6 if deep < 3 else 3, self._degree + 3)
        for number in range(MOST_LONG):
            point = self._points.longer(number, length - number)
            for stack in chosen(letters, point, 9):
                try:
                    yield pair(sides, stack, point, self._bits(sides, stack, point))
                except Unusable as reason:
                    yield str(reason)

    def _elsewhere(self, sides: Sides, letters: tuple[Any, ...], seen: list[Seen]) -> Iterator[Seen]:
        """What is found in other regions, and where an entry takes each of the few values that a fact allows it."""
        bases = [(s.point, s.stack) for s in sorted(seen[1:] or seen, key=lambda s: not s.alive)[:2]]
        for base, stack in bases or [(point, chosen(letters, point, 9)[0]) for point in map(self._points.point, (0, 1))]:
            for point in chain(self._members(base), explored(self._points, sides, stack, base)):
                try:
                    yield replace(pair(sides, stack, point, self._bits(sides, stack, point)), built=True)
                except Unusable:
                    continue

    def _members(self, base: Point) -> Iterator[Point]:
        for fact in self._points.facts:
            values = getattr(fact.condition, "values", ())
            if not values or fact.difference is None:
                continue
            places = inputs(fact.difference, next(assignments(fact.letters, base)), base)
            for value in values if len(places) == 1 else ():
                moved = base.moved({places[0]: balls.exact(value)})
                if self._points.honours(moved):
                    yield moved

    # ------------------------------------------------------------ what was not looked at

    def _missed(self, proved: Proof, sides: Sides, letters: tuple[Any, ...], seen: list[Seen], left: Expr, right: Expr) -> str:
        """The case that no point was found in and that is not proved either; empty where there is none."""
        smooth = not any(isinstance(n, Compare) for side in (left, right) for n in subtrees(side))
        for case in proved.open:
            if smooth and any(value == 0 for _, value in case):
                continue                                        # both are continuous there, and equal beside it
            if case and not any(self._within(case, proved.ring, s, letters) for s in seen) and not _impossible(case, proved):
                return f"they agree where they were looked at, but no point was found where {_told(case, proved.ring)}"
        if (proved.beyond or max(left.height, right.height)) and (side := self._one_sided(sides, seen)):
            return side
        return ""

    def _within(self, case: Case, ring: Ring, seen: Seen, letters: tuple[Any, ...]) -> bool:
        world = World(seen.point)

        def quantity(node: Any) -> Scalar:
            return plain(self._evaluator.closure(node, letters)(seen.stack, world))

        try:
            with balls.working_precision(320):
                for subject, value in case:
                    if isinstance(subject, Expr) or hasattr(subject, "loose"):
                        if bool(self._evaluator.closure(subject, letters)(seen.stack, world)) != bool(value):
                            return False
                    elif balls.sign(ring.value(subject, quantity)) != value:
                        return False
        except (*NOTHING, OverflowError):
            return False
        return True

    def _one_sided(self, sides: Sides, seen: list[Seen]) -> str:
        """Whether a condition inside a sum was only ever met on one side."""
        signs: dict[int, set[int | None]] = {}
        for s in seen:
            watch: list[tuple[Closure, Stack]] = []
            world = World(s.point, watch=watch)
            with balls.working_precision(320):
                for side in sides:
                    try:
                        side(s.stack, world)
                        for difference, at in (met for met in watch if len(met[1]) > len(s.stack)):
                            signs.setdefault(id(difference), set()).add(balls.sign(plain(difference(at, world))))
                    except NOTHING:
                        continue
        one = sum(1 for met in signs.values() if not {1, -1} <= met)
        return "they agree where they were looked at, but a condition was met on one side only" if one else ""


def _impossible(case: Case, proved: Proof) -> bool:
    """Whether no values of the atoms have these signs, even if each product of atoms could take any value that its factors allow."""
    ring = proved.ring
    rows: dict[int, list[dict[Any, fmpq]]] = {1: [], 0: [], 2: []}
    products: set[tuple[int, ...]] = set()
    told = [(factor, value or 1, abs(value)) for factor, value in case if hasattr(factor, "monoms")]
    told += [(p, *COMPARED[operator]) for p, operator in proved.given if operator in COMPARED]
    for factor, turned, kind in told:
        form = {tuple(map(int, m)): turned * c for m, c in factor.to_dict().items()}
        products |= form.keys()
        rows[kind].append({key if any(key) else None: c for key, c in form.items()})
    for monomial in products:
        used = [(ring.atoms[n], k) for n, k in enumerate(monomial) if k]
        if used and all(a.positive for a, _ in used):
            rows[1].append({monomial: fmpq(1)})
        elif used and all(k % 2 == 0 or a.never_negative for a, k in used):
            rows[2].append({monomial: fmpq(1)})
    return contradictory(rows[1], rows[2], rows[0])


def _told(case: Case, ring: Ring) -> str:
    """The case in the notation, where it has a short one."""
    named = {f"x{n}": a.data.name for n, a in enumerate(ring.atoms) if a.kind == "quantity" and isinstance(a.data, Entry) and not a.data.indices}
    told = []
    for subject, value in case:
        text = str(subject) if hasattr(subject, "monoms") else ""
        if not text or len(text) > LONG_TEXT or not all(name in named for name in ATOM.findall(text)):
            return "one of their cases holds"
        told.append(f"{ATOM.sub(lambda m: named[m[0]], text)} {SIGNS[value]} 0")
    return " and ".join(told)


def _tall(node: Any) -> float:
    """The bits of the long numbers in a formula."""
    return sum(max(0.0, n.value.numerator.bit_length() + n.value.denominator.bit_length() - SHORT_NUMBER) for n in subtrees(node) if isinstance(n, Number))


def _degree(node: Any) -> int:
    """How often parts are multiplied at most."""
    match node:
        case Add(terms):
            return max(map(_degree, terms))
        case Mul(factors):
            return sum(map(_degree, factors))
        case Pow(Number(), Number()):
            return 1
        case Pow(base, Number(value)):
            return min(64, max(1, _degree(base)) * max(1, int(abs(value))))
        case Number():
            return 0
        case Reduce("prod", _, arguments):
            return 4 * max(map(_degree, arguments))
        case _:
            return max([1, *(_degree(child) for child, _ in parts(node) if isinstance(child, Expr))])


def _too_often_differentiated(node: Any) -> bool:
    """Whether the polynomials that stand for abstract functions would vanish."""
    match node:
        case Derivative(body, by) if len(by) + _orders(body) > 5:
            return any(isinstance(n, Abstract) for n in subtrees(body))
        case _:
            return any(_too_often_differentiated(child) for child, _ in parts(node))


def _orders(node: Any) -> int:
    below = max((_orders(child) for child, _ in parts(node)), default=0)
    return below + len(node.by) if isinstance(node, Derivative) else below


