"""The normal form of a formula, and the proof of an equality: under every choice of signs the difference is zero as a polynomial.

A condition is decided by the sign of the difference of its sides, so only what is really looked at in a case is looked at here: a branch that is
not taken may have no value. A choice of signs that no numbers have is harmless where the difference vanishes all the same, else it stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flint import fmpq

from handgrad.arithmetic import balls
from handgrad.axes import Function
from handgrad.expr import (
    TWO,
    Abstract,
    Add,
    And,
    Call,
    Cases,
    Compare,
    Condition,
    Delta,
    Derivative,
    Entry,
    Expr,
    IndexCompare,
    Literal,
    Mul,
    Node,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Size,
    Slice,
    VectorCall,
)
from handgrad.records import dataclass
from handgrad.trees import instantiate, opened
from handgrad.verification.algebra import SIZES, Beyond, Ratio, Rescaled, Ring, Split, Vacuous
from handgrad.verification.conditions import OPERATORS
from handgrad.verification.differentials import delta, derived, in_order
from handgrad.verification.sums import summed

MOST_CASES, MOST_RESTARTS = 80, 12
Given = Mapping[str, Ratio]
Case = tuple[tuple[Any, int], ...]          # signs that are assumed of factors, and whether conditions hold
NOTHING: Given = {}


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether two formulas were proved equal, and the choices of signs under which they were not."""

    proved: bool
    ring: Ring
    open: tuple[Case, ...] = ()
    given: tuple[tuple[Any, str], ...] = ()     # what the facts and the domain say: a polynomial, and how it compares with 0
    beyond: bool = False                # not even written down in the normal form


def proof(left: Expr, right: Expr, functions: Mapping[str, Function], facts: Sequence[Condition] = ()) -> Proof:
    """What can be proved of the equality of two formulas, wherever both have a value and the facts hold."""
    ring = Ring(SIZES[0], {})
    for size in SIZES:
        units: dict[int, int] = {}
        for _ in range(MOST_RESTARTS):
            ring = Ring(size, units, left.letters | right.letters)
            try:
                return _by_cases(Normal(ring, functions, facts), left, right)
            except Rescaled:
                continue
            except (Beyond, RecursionError):
                break
        if len(ring.atoms) < size:
            break
    return Proof(False, ring, beyond=True)


def _by_cases(normal: Normal, left: Expr, right: Expr) -> Proof:
    ring, cases, held = normal.ring, 0, 0
    todo: list[Case] = [()]
    left_open: list[Case] = []
    while todo:
        ring.assumed, ring.others = todo.pop(), todo
        cases += 1
        if cases > MOST_CASES:
            raise Beyond
        normal.begin()
        try:
            if not ring.difference(normal.of(left), normal.of(right)):
                normal.refuse_unreal()
                held += 1
                continue
            normal.refuse_unreal()
            left_open.append(ring.assumed)
        except Vacuous:
            continue
        except Split as split:
            raise Beyond from split
    return Proof(bool(held) and not left_open, ring, tuple(left_open), normal.given() if left_open else ())


class Normal:
    """Normal forms in one ring. What does not hang on the signs that are assumed is kept for all of them."""

    def __init__(self, ring: Ring, functions: Mapping[str, Function], facts: Sequence[Condition] = ()) -> None:
        self.ring, self.functions = ring, functions
        self.facts = [fact for fact in facts if isinstance(fact, (Compare, And)) and not fact.letters]
        self._kept: dict[Node, Ratio] = {}
        self._here: dict[Node, Ratio] = {}
        self._real: list[tuple[Ratio, bool]] = []           # what has to be positive, or only not negative
        self._always: list[tuple[Ratio, bool]] = []         # and what of this is asked under all signs

    def within(self) -> Normal:
        """Normal forms in the same ring of which nothing is known yet: the signs that they ask for are seen."""
        inner = Normal(self.ring, self.functions)
        inner._real = self._real
        return inner

    def begin(self) -> None:
        """Other signs are assumed from now on."""
        self._here, self._real = {}, list(self._always)

    def of(self, node: Any, given: Given = NOTHING) -> Ratio:
        """The normal form of a formula; `given` are those of the parameters of the function in whose body it stands."""
        if given:
            return _FORMS.get(type(node), _opaque)(self, node, given)
        if node in self._kept:
            return self._kept[node]
        if node in self._here:
            self.ring.asked += 1                            # what it stands in hangs on the signs too
            return self._here[node]
        before, needed = self.ring.asked, len(self._real)
        form = _FORMS.get(type(node), _opaque)(self, node, given)
        if self.ring.asked == before:
            self._kept[node] = form
            self._always += self._real[needed:]
        else:
            self._here[node] = form
        return form

    def alike(self, node: Reduce) -> Ratio:
        """The atom of a reduction that is not looked into: that of one before with a body that is proved to be the same, else its own."""
        if node in self.ring.quantities:
            return self.ring.quantity(node)
        _, (body,) = opened(node)
        for known in [n for n in self.ring.quantities if isinstance(n, Reduce) and n.kind == node.kind and n.axis is node.axis and not n.loose]:
            if len(known.arguments) == 1 and known.height == node.height and proof(body, opened(known)[1][0], self.functions).proved:
                return self.ring.quantity(known)
        return self.ring.quantity(node)

    def need(self, a: Ratio, strict: bool) -> None:
        """Notes what has to be positive, or not negative, for the formula to be real."""
        self._real.append((a, strict))

    def refuse_unreal(self) -> None:
        """Ends the case where what has to be positive is not, or a fact does not hold."""
        self.ring.others = None
        for a, strict in self._real:
            try:
                sign = self.ring.sign(a)
            except Split:
                continue
            if sign < 0 or (strict and sign == 0):
                raise Vacuous
        for fact in self.facts:
            try:
                held = self.holds(fact, NOTHING)
            except (Split, Beyond):
                continue
            if not held:
                raise Vacuous

    def given(self) -> tuple[tuple[Any, str], ...]:
        """The polynomials of which the facts and the domain tell the sign."""
        found = [(top, ">" if strict else ">=") for (top, bottom), strict in self._real if bottom == self.ring.one]
        self.ring.assumed, self.ring.others = (), None
        for fact in self.facts:
            for part in fact.conditions if isinstance(fact, And) else (fact,):
                try:
                    top, bottom = self._minus(self.of(part.left), self.of(part.right))      # type: ignore[union-attr]
                except (Split, Beyond, Vacuous, Rescaled, AttributeError):
                    continue
                if bottom == self.ring.one:
                    found.append((top, part.operator))      # type: ignore[union-attr]
        return tuple(found)

    def holds(self, node: Any, given: Given) -> bool:
        """Whether a condition holds under the signs that are assumed."""
        match node:
            case Compare(operator, left, right):
                return OPERATORS[operator](self.ring.sign(self._minus(self.of(left, given), self.of(right, given))), 0)
            case And(conditions):
                return all(self.holds(c, given) for c in conditions)
            case Or(conditions):
                return any(self.holds(c, given) for c in conditions)
            case Not(condition):
                return not self.holds(condition, given)
            case IndexCompare() if not node.loose:
                return self._compares(node)
            case _:
                raise Beyond

    def _compares(self, node: IndexCompare) -> bool:
        """Whether a comparison of indices holds; each is put down to one with < or ==."""
        left, right, operator = node.left, node.right, node.operator
        if isinstance(left, Literal) and isinstance(right, Literal):
            return OPERATORS[operator](left.value, right.value)
        if operator in (">", "<="):
            left, right = right, left
        if operator in ("==", "!="):
            left, right = in_order(left, right)
        kind = "==" if operator in ("==", "!=") else "<"
        return bool(self.ring.assumption(IndexCompare(kind, left, right), (1, 0))) == (operator in ("==", "<", ">"))

    def _minus(self, a: Ratio, b: Ratio) -> Ratio:
        return self.ring.added(a, (-b[0], b[1]))

    def larger(self, a: Ratio, b: Ratio) -> Ratio:
        """The larger of two."""
        return b if self.ring.sign(self._minus(a, b)) < 0 else a

    def smaller(self, a: Ratio, b: Ratio) -> Ratio:
        """The smaller of two."""
        return a if self.ring.sign(self._minus(a, b)) < 0 else b

    def power(self, base: Ratio, exponent: Ratio) -> Ratio:
        """The power: any base to a whole number, else one that is not negative."""
        ring = self.ring
        top, bottom = ring.reduced(exponent)
        if bottom == ring.one and top.is_constant():
            times = top.leading_coefficient() if top else fmpq(0)
            if times.q == 1:
                return ring.whole_power(base, int(times.p))
            self.need(base, False)
            if not ring.relieved(base[0]):
                if times < 0:
                    raise Vacuous
                return ring.zero, ring.one
            return ring.real_power(base, times)
        self.need(base, False)
        return ring.exponential(ring.multiplied((top, bottom), ring.logarithm(base)))


def _opaque(normal: Normal, node: Any, given: Given) -> Ratio:
    """What the ring does not look into: it is the same only where it is written the same."""
    if given or node.loose:
        raise Beyond
    return normal.ring.quantity(node)


def _reduce(normal: Normal, node: Reduce, given: Given) -> Ratio:
    """A sum, and what is made of one; of other reductions only what is written the same, or has the same body, is the same."""
    if given or node.loose:
        raise Beyond
    if len(node.arguments) > 1:
        return _opaque(normal, node, given)
    ring, (body,) = normal.ring, node.arguments
    match node.kind:
        case "sum":
            return _sum(normal, node)
        case "mean":
            return ring.multiplied(normal.of(Reduce("sum", node.axis, (body,))), ring.inverse(ring.quantity(Size(node.axis), positive=True)))
        case "norm":
            return normal.power(normal.of(Reduce("sum", node.axis, (Pow(body, TWO),))), ring.constant(fmpq(1, 2)))
        case "logsumexp":
            return ring.logarithm(normal.of(Reduce("sum", node.axis, (Call("exp", (body,)),))))
        case _:
            return normal.alike(node)


def _sum(normal: Normal, node: Reduce) -> Ratio:
    letter, (body,) = opened(node)
    try:
        return summed(normal.ring, letter, normal.of(body))
    except Split:
        return normal.alike(node)                           # a sign that differs from term to term
    except Vacuous:
        raise Beyond from None


def _vector_call(normal: Normal, node: VectorCall, given: Given) -> Ratio:
    if given or node.loose or node.kind not in ("softmax", "log_softmax"):
        return _opaque(normal, node, given)
    ring, at = normal.ring, normal.of(instantiate(node.body, node.at))
    total = normal.of(Reduce("sum", node.axis, (Call("exp", (node.body,)),)))
    if node.kind == "softmax":
        return ring.multiplied(ring.exponential(at), ring.inverse(total))
    logarithm = ring.logarithm(total)
    return ring.added(at, (-logarithm[0], logarithm[1]))


def _derivative(normal: Normal, node: Derivative, given: Given) -> Ratio:
    if given or node.loose:
        raise Beyond
    ring, before = normal.ring, len(normal.ring.met)
    form = normal.within().of(node.body)
    for by in node.by:
        form = derived(ring, form, by)
    if any(isinstance(f, type(ring.one)) and derived(ring, (f, ring.one), by)[0] for f in ring.met[before:] for by in node.by):
        raise Vacuous                                       # on a kink of what is differentiated the value is a convention
    return form


def _delta(normal: Normal, node: Delta, given: Given) -> Ratio:
    return _opaque(normal, delta(node.left, node.right), given)


def _number(normal: Normal, node: Number, _: Given) -> Ratio:
    return normal.ring.constant(balls.exact(node.value))


def _size(normal: Normal, node: Size, _: Given) -> Ratio:
    return normal.ring.quantity(node, positive=True)


def _entry(normal: Normal, node: Entry, given: Given) -> Ratio:
    if given:
        return given[node.name]
    return _opaque(normal, node, given)


def _add(normal: Normal, node: Add, given: Given) -> Ratio:
    first, *rest = node.terms
    total = normal.of(first, given)
    for term in rest:
        total = normal.ring.added(total, normal.of(term, given))
    return total


def _mul(normal: Normal, node: Mul, given: Given) -> Ratio:
    first, *rest = node.factors
    product = normal.of(first, given)
    for factor in rest:
        product = normal.ring.multiplied(product, normal.of(factor, given))
    return product


def _pow(normal: Normal, node: Pow, given: Given) -> Ratio:
    exponent = node.exponent
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        return normal.ring.whole_power(normal.of(node.base, given), exponent.value.numerator)
    return normal.power(normal.of(node.base, given), normal.of(exponent, given))


def _cases(normal: Normal, node: Cases, given: Given) -> Ratio:
    for value, condition in node.branches:
        if normal.holds(condition, given):
            return normal.of(value, given)
    return normal.of(node.otherwise, given)


def _abstract(normal: Normal, node: Abstract, given: Given) -> Ratio:
    if any(isinstance(a, Slice) for a in node.arguments):
        return _opaque(normal, node, given)
    return normal.ring.function(f"{node.function}()", tuple(normal.of(a, given) for a in node.arguments))


def _call(normal: Normal, node: Call, given: Given) -> Ratio:
    if node.function == "pi":
        return normal.ring.quantity(node, positive=True)
    if node.function == "exp" and isinstance(node.arguments[0], Add):       # terms over different denominators stay apart
        product = normal.ring.unit
        for term in node.arguments[0].terms:
            product = normal.ring.multiplied(product, normal.ring.exponential(normal.of(term, given)))
        return product
    arguments = [normal.of(a, given) for a in node.arguments]
    known = _CALLS.get(node.function)
    if known is not None:
        return known(normal, *arguments)
    function = normal.functions.get(node.function)
    if function is None or function.letter is not None:
        raise Beyond
    missing = len(function.parameters) - len(arguments)
    if not 0 <= missing <= len(function.defaults):
        raise Beyond
    arguments += [normal.of(d) for d in function.defaults[len(function.defaults) - missing :]]
    return normal.of(function.body, dict(zip(function.parameters, arguments, strict=True)))


# ---------------------------------------------------------------- elementary functions


def _exp(normal: Normal, a: Ratio) -> Ratio:
    return normal.ring.exponential(a)


def _log(normal: Normal, a: Ratio) -> Ratio:
    normal.need(a, True)
    return normal.ring.logarithm(a)


def _log1p(normal: Normal, a: Ratio) -> Ratio:
    return _log(normal, normal.ring.added(normal.ring.unit, a))


def _expm1(normal: Normal, a: Ratio) -> Ratio:
    return normal.ring.added(_exp(normal, a), normal.ring.constant(fmpq(-1)))


def _sqrt(normal: Normal, a: Ratio) -> Ratio:
    return normal.power(a, normal.ring.constant(fmpq(1, 2)))


def _abs(normal: Normal, a: Ratio) -> Ratio:
    return normal.ring.absolute(a)


def _sign(normal: Normal, a: Ratio) -> Ratio:
    return normal.ring.constant(fmpq(normal.ring.sign(a)))


def _max(normal: Normal, first: Ratio, *rest: Ratio) -> Ratio:
    for a in rest:
        first = normal.larger(first, a)
    return first


def _min(normal: Normal, first: Ratio, *rest: Ratio) -> Ratio:
    for a in rest:
        first = normal.smaller(first, a)
    return first


def _clip(normal: Normal, a: Ratio, low: Ratio, high: Ratio) -> Ratio:
    return normal.smaller(normal.larger(a, low), high)


def _hyperbolic(odd: bool, over: bool) -> Callable[[Normal, Ratio], Ratio]:
    """sinh or cosh; `over` for one over it."""

    def value(normal: Normal, a: Ratio) -> Ratio:
        ring = normal.ring
        (top, bottom), sign = ring.exponential(a), -1 if odd else 1
        total = ring.times(top, top) + sign * ring.times(bottom, bottom), 2 * ring.times(top, bottom)
        return ring.inverse(total) if over else total

    return value


def _tanh(normal: Normal, a: Ratio) -> Ratio:
    top, bottom = normal.ring.exponential(a)
    square, other = normal.ring.times(top, top), normal.ring.times(bottom, bottom)
    return square - other, square + other


def _even(name: str) -> Callable[[Normal, Ratio], Ratio]:
    """An even function of which nothing else is known."""

    def value(normal: Normal, a: Ratio) -> Ratio:
        _, turned = _turned(normal.ring, a)
        return normal.ring.function(name, (turned,)) if turned[0] else normal.ring.unit     # the cosine of 0

    return value


def _odd(name: str) -> Callable[[Normal, Ratio], Ratio]:
    """An odd function of which nothing else is known."""

    def value(normal: Normal, a: Ratio) -> Ratio:
        sign, turned = _turned(normal.ring, a)
        if not turned[0]:
            return turned
        top, bottom = normal.ring.function(name, (turned,))
        return (top, bottom) if sign > 0 else (-top, bottom)

    return value


def _turned(ring: Ring, a: Ratio) -> tuple[int, Ratio]:
    """The sign of the leading coefficient, and the argument times it."""
    top, bottom = ring.reduced(a)
    return (1, (top, bottom)) if not top or top.leading_coefficient() > 0 else (-1, (-top, bottom))


def _tan(normal: Normal, a: Ratio) -> Ratio:
    return normal.ring.multiplied(_odd("sin")(normal, a), normal.ring.inverse(_even("cos")(normal, a)))


_CALLS: dict[str, Callable[..., Ratio]] = {
    "exp": _exp, "log": _log, "log1p": _log1p, "expm1": _expm1, "sqrt": _sqrt, "abs": _abs, "sign": _sign, "max": _max, "min": _min, "clip": _clip,
    "sinh": _hyperbolic(True, False), "cosh": _hyperbolic(False, False), "sech": _hyperbolic(False, True), "tanh": _tanh,
    "sin": _odd("sin"), "cos": _even("cos"), "tan": _tan, "erf": _odd("erf"), "stop": lambda normal, a: a,
}
_FORMS: dict[type, Callable[[Normal, Any, Given], Ratio]] = {
    Number: _number, Size: _size, Entry: _entry, Add: _add, Mul: _mul, Pow: _pow, Cases: _cases, Call: _call, Abstract: _abstract,
    Reduce: _reduce, VectorCall: _vector_call, Derivative: _derivative, Delta: _delta,
}
