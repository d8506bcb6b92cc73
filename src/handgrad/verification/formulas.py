"""What the nodes of formulas compile to: numbers, entries, sums, products, powers, calls, derivatives."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from flint import arb, fmpq

from handgrad.arithmetic import balls
from handgrad.errors import LimitError
from handgrad.expr import (
    Abstract,
    Add,
    Call,
    Delta,
    Derivative,
    Entry,
    Expr,
    Mul,
    Number,
    Pow,
    Size,
    Slice,
)
from handgrad.verification import abstract, jets
from handgrad.verification.evaluation import Builder, Evaluator, Frame, difference, hiding, positive, watched
from handgrad.verification.jets import Value, plain
from handgrad.verification.worlds import Closure, Stack, World

MOST_SEEDS = 6                  # of higher derivatives
MANY = 8                        # a higher power may make something small of what is not
SATURATED: dict[str, Callable[[balls.Scalar], float]] = {
    **{name: lambda x: 1.45 * balls.size(x) for name in ("exp", "expm1")},
    **{name: lambda x: 2.9 * balls.size(x) for name in ("sinh", "cosh", "sech", "tanh")},
    "erf": lambda x: 1.45 * balls.size(x) ** 2,
}
MOST_SLOPES = 12                # a tensor of so many entries is varied as a whole


def _number(_: Evaluator, node: Number, __: Frame | None, ___: int) -> Closure:
    value = balls.exact(node.value)
    return lambda stack, world: value


def _size(ev: Evaluator, node: Size, frame: Frame | None, _: int) -> Closure:
    axis = ev.axis(node.axis, frame)
    return lambda stack, world: fmpq(world.point.size(axis))


def _entry(ev: Evaluator, node: Entry, frame: Frame | None, depth: int) -> Closure:
    name, indices, entry = node.name, ev.indices(node.indices, frame, depth), ev.entry
    if frame is not None and name in frame.parameters:
        argument, along = frame.parameters[name], frame.along

        def parameter(stack: Stack, world: World) -> Value:
            caller = stack[: len(stack) - depth]
            return argument(caller + (indices(stack, world) or (1,)) if along else caller, world)

        return parameter

    def value(stack: Stack, world: World) -> Value:
        place = (name, indices(stack, world))
        memo = world.memo
        return memo[place] if place in memo else entry(place, world)

    return value


def _delta(ev: Evaluator, node: Delta, frame: Frame | None, depth: int) -> Closure:
    left, right = ev.index(node.left, frame, depth), ev.index(node.right, frame, depth)
    return lambda stack, world: balls.ONE if left(stack, world) == right(stack, world) else balls.ZERO


def _add(ev: Evaluator, node: Add, frame: Frame | None, depth: int) -> Closure:
    first, *rest = (ev.compiled(t, frame, depth) for t in node.terms)

    def value(stack: Stack, world: World) -> Value:
        total = first(stack, world)
        for term in rest:
            total = total + term(stack, world)
        return total

    return value


def _is_delta(node: Expr) -> bool:
    return isinstance(node, Delta) or (
        isinstance(node, Pow) and isinstance(node.base, Delta) and isinstance(node.exponent, Number) and node.exponent.value > 0)


def _mul(ev: Evaluator, node: Mul, frame: Frame | None, depth: int) -> Closure:
    guards = [ev.compiled(f, frame, depth) for f in node.factors if _is_delta(f)]
    factors = [ev.compiled(f, frame, depth) for f in node.factors if not _is_delta(f)]

    def value(stack: Stack, world: World) -> Value:
        for guard in guards:
            if guard(stack, world) == 0:
                return balls.ZERO
        if not factors:
            return balls.ONE
        product = factors[0](stack, world)
        for factor in factors[1:]:
            product = product * factor(stack, world)
        return product

    return value


def _pow(ev: Evaluator, node: Pow, frame: Frame | None, depth: int) -> Closure:
    base, exponent, raised = ev.compiled(node.base, frame, depth), ev.compiled(node.exponent, frame, depth), jets.raised
    value: Closure = lambda stack, world: raised(base(stack, world), exponent(stack, world))  # noqa: E731
    if isinstance(node.exponent, Number):
        times = abs(node.exponent.value)
        if times > MANY:
            value = hiding(value, base, lambda x: float(times) * balls.magnitude(x))
        return value if times.denominator == 1 else positive(value, base)
    return positive(hiding(value, exponent, lambda x: 16 * balls.size(x)), base)


def _call(ev: Evaluator, node: Call, frame: Frame | None, depth: int) -> Closure:
    arguments = [ev.compiled(a, frame, depth) for a in node.arguments]
    name = node.function
    if name == "pi":
        return lambda stack, world: arb.pi()
    if name == "stop":
        return lambda stack, world: plain(arguments[0](stack, world))
    if name in ("abs", "sign"):
        return watched(lambda stack, world: jets.applied(name, arguments[0](stack, world)), [arguments[0]])
    if name in balls.FUNCTIONS:
        value: Closure = lambda stack, world: jets.applied(name, arguments[0](stack, world))  # noqa: E731
        if name in SATURATED:
            value = hiding(value, arguments[0], SATURATED[name])
        if name in ("log", "sqrt"):
            return positive(value, arguments[0])
        return positive(value, lambda stack, world: arguments[0](stack, world) + balls.ONE) if name == "log1p" else value
    if name in ("max", "min"):
        choose = jets.larger if name == "max" else jets.smaller
        return watched(lambda stack, world: _folded(choose, [a(stack, world) for a in arguments]),
                        [difference(a, b) for n, a in enumerate(arguments) for b in arguments[:n]])
    if name == "clip":
        x, low, high = arguments
        return watched(lambda stack, world: jets.smaller(jets.larger(x(stack, world), low(stack, world)), high(stack, world)),
                        [difference(x, low), difference(x, high)])
    function = ev.function(name)
    inner = Frame(ev.parameters(function, arguments), False, None, None, frame)
    return ev.compiled(function.body, inner, 0)


def _folded(choose: Callable[[Value, Value], Value], values: list[Value]) -> Value:
    best = values[0]
    for v in values[1:]:
        best = choose(best, v)
    return best


def _abstract(ev: Evaluator, node: Abstract, frame: Frame | None, depth: int) -> Closure:
    """The value of the seeded polynomial that stands for the function."""
    gather = [_listed(ev, a, frame, depth) for a in node.arguments]
    name, seed = node.function, ev.seed
    origin = (f"{node.function}(0)", ())

    def value(stack: Stack, world: World) -> Value:
        arguments = [((n, *position), v) for n, listed in enumerate(gather) for position, v in listed(stack, world)]
        return abstract.value(seed, name, arguments) + world.input(origin)

    return value


Listed = Callable[[Stack, World], list[tuple[Stack, Value]]]


def _listed(ev: Evaluator, argument: Expr | Slice, frame: Frame | None, depth: int) -> Listed:
    """All values of an argument with their positions: one of a number, one for each position of a whole axis."""
    if not isinstance(argument, Slice):
        one = ev.compiled(argument, frame, depth)
        return lambda stack, world: [((), one(stack, world))]
    inner, axis = _listed(ev, argument.body, frame, depth + 1), ev.axis(argument.axis, frame)
    return lambda stack, world: [
        ((i, *position), v) for i in range(1, world.point.size(axis) + 1) for position, v in inner((*stack, i), world)]


def _derivative(ev: Evaluator, node: Derivative, frame: Frame | None, depth: int) -> Closure:
    body = ev.compiled(node.body, frame, depth)
    places = [(entry.name, ev.indices(entry.indices, frame, depth)) for entry in node.by]

    first_order = len(places) == 1 and frame is None and not ev.differentiates(node.body)

    def value(stack: Stack, world: World) -> Value:
        seeds = tuple((name, indices(stack, world)) for name, indices in places)
        for seed in seeds:
            ev.entry(seed, world)                       # an entry outside its axis is no variable
        whole = first_order and not world.seeds and world.kinks is None         # kinks are those of one entry
        if whole and prod(world.point.size(axis) for axis in ev.axes_of(seeds[0][0])) <= MOST_SLOPES:
            varied = world.under_every(seeds[0][0])
            return varied.slope(seeds[0], body(stack, varied))
        if len(world.seeds) + len(seeds) > MOST_SEEDS:
            raise LimitError(f"derivatives above order {MOST_SEEDS} are not evaluated")
        inner = world.under(world.seeds + seeds)
        return inner.derivative_of(body(stack, inner), len(seeds))

    return value


FORMULAS: dict[type, Builder] = {
    Number: _number, Size: _size, Entry: _entry, Delta: _delta, Add: _add, Mul: _mul, Pow: _pow, Call: _call, Abstract: _abstract,
    Derivative: _derivative,
}
