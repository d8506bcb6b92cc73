"""The value of a raw tree at a point: each node becomes a closure once, and a closure is run at every point.

Values of names come from their definitions, catalogue calls from their trees, derivatives from jets. Nothing is simplified: a
product is only cut short by a Kronecker delta that is 0, and of cases only the branch taken is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, itemgetter, le, lt, ne
from typing import Any

from flint import arb, fmpq

from handgrad.arithmetic import balls
from handgrad.axes import Definition, Function, Model
from handgrad.errors import LimitError, ModelError
from handgrad.expr import (
    ONE,
    TWO,
    Abstract,
    Add,
    And,
    Axis,
    Bound,
    Call,
    Cases,
    Compare,
    Delta,
    Derivative,
    Entry,
    Expr,
    IndexCompare,
    Label,
    Letter,
    Literal,
    Member,
    Mul,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Shift,
    Size,
    Slice,
    VectorCall,
    bind,
    names,
    parts,
)
from handgrad.verification import abstract, jets
from handgrad.verification.jets import Jet, Value, plain
from handgrad.verification.worlds import Closure, OutOfRange, Place, Stack, World, spelled, unknown_function

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
MOST_SEEDS = 6
IndexClosure = Callable[[Stack, World], int]


@dataclass(frozen=True, slots=True)
class Frame:
    """The body of a catalogue function being compiled: its parameters, and the axis that stands for its own."""

    parameters: Mapping[str, Closure]
    along: bool
    own: Axis | None
    axis: Axis | None
    outer: Frame | None


class Evaluator:
    """Closures of all trees of one model. The free letters of a tree are bound first, in the order given."""

    def __init__(self, model: Model, functions: Mapping[str, Function], seed: int) -> None:
        self.model, self.functions, self.seed = model, functions, seed
        self.definitions: dict[str, Definition] = dict(model.definitions)
        self._compiled: dict[Any, Closure] = {}
        self._bodies: dict[str, Closure] = {}
        self._used: dict[Any, frozenset[int]] = {}
        self._reach: dict[str, frozenset[str]] = {}

    def closure(self, tree: Any, letters: tuple[Letter, ...] = ()) -> Closure:
        """The closure of a tree; its stack starts with the values of the letters."""
        for letter in letters:
            tree = bind(tree, letter)
        return self.compiled(tree, None, 0)

    def compiled(self, node: Any, frame: Frame | None, depth: int) -> Closure:
        """The closure of a node; within a function of the catalogue under `depth` of its own binders."""
        if frame is not None:
            return self._built(node, frame, depth)
        if node not in self._compiled:
            self._compiled[node] = self._built(node, None, 0)
        return self._compiled[node]

    def _built(self, node: Any, frame: Frame | None, depth: int) -> Closure:
        build = _BUILDERS.get(type(node))
        if build is None:
            raise ModelError(f"{type(node).__name__} has no value")
        made = build(self, node, frame, depth)
        return self._memoised(node, made, frame) if isinstance(node, _REMEMBERED) else made

    def _memoised(self, node: Any, made: Closure, frame: Frame | None) -> Closure:
        """The closure that remembers its values by the indices that it depends on."""
        token = object()
        depths = sorted(self.used(node))
        if frame is not None:
            key: Callable[[Stack], Any] = tuple
        elif depths:
            key = itemgetter(*(-1 - d for d in depths))
        else:
            key = _nothing

        def remembered(stack: Stack, world: World) -> Value:
            place = (token, key(stack))
            memo = world.memo
            if place not in memo:
                memo[place] = _shortened(made(stack, world))
            return memo[place]

        return remembered

    def used(self, node: Any) -> frozenset[int]:
        """The enclosing binders that the node depends on."""
        if node.loose == 0:
            return frozenset()
        if isinstance(node, Bound):
            return frozenset((node.depth,))
        if node not in self._used:
            found: set[int] = set()
            for child, bound in parts(node):
                below = self.used(child)
                found |= {d - 1 for d in below if d} if bound else below
            self._used[node] = frozenset(found)
        return self._used[node]

    # ------------------------------------------------------------ names

    def reach(self, name: str) -> frozenset[str]:
        """The names that a name is made of, itself among them."""
        if name not in self._reach:
            self._reach[name] = frozenset((name,))              # cycles are refused where models are read
            if name in self.definitions:
                below = names(self.definitions[name].body)
                self._reach[name] = frozenset((name,)).union(*(self.reach(n) for n in below))
        return self._reach[name]

    def axes_of(self, name: str) -> tuple[Axis, ...]:
        """The axes of the slots of a tensor."""
        if name in self.model.tensors:
            return self.model.tensors[name]
        if name in self.definitions:
            return tuple(letter.axis for letter in self.definitions[name].letters)
        raise ModelError(f"{name} is no name of the model")

    def body(self, name: str) -> Closure:
        """The closure of a definition, on the stack of its own indices."""
        if name not in self._bodies:
            definition = self.definitions[name]
            self._bodies[name] = self.closure(definition.body, definition.letters)
        return self._bodies[name]

    def entry(self, place: Place, world: World) -> Value:
        """The value of an entry, remembered."""
        if place in world.memo:
            return world.memo[place]
        name, indices = place
        for axis, i in zip(self.axes_of(name), indices, strict=True):
            if not 1 <= i <= world.point.size(axis):
                raise OutOfRange(f"{spelled(place)} lies outside its axis of {world.point.size(axis)}")
        if world.seeds and self.reach(name).isdisjoint(seed for seed, _ in world.seeds):
            value = self.entry(place, world.base or world)
        elif name in self.definitions:
            value = _shortened(self.body(name)(indices, world))
        else:
            value = world.input(place)
        if place in world.seeds:
            value = world.seeded(place, value)
        world.memo[place] = value
        return value

    # ------------------------------------------------------------ indices

    def index(self, node: Any, frame: Frame | None, depth: int) -> IndexClosure:
        """The closure of an index."""
        match node:
            case Bound(d):
                return lambda stack, world, p=-1 - d: stack[p]      # type: ignore[misc]
            case Literal(value):
                return lambda stack, world: value
            case Shift(terms, constant):
                atoms = [(factor, self.index(atom, frame, depth)) for factor, atom in terms]
                return lambda stack, world: sum((f * a(stack, world) for f, a in atoms), constant)
            case Size(axis):
                axis = self.axis(axis, frame)
                return lambda stack, world: world.point.size(axis)
            case Letter(name, _):
                raise ModelError(f"the index {name} has no value")
            case _:
                return _position(self.compiled(node, frame, depth))

    def indices(self, nodes: tuple[Any, ...], frame: Frame | None, depth: int) -> Callable[[Stack, World], Stack]:
        """The closure of several indices."""
        if all(isinstance(n, Bound) for n in nodes):
            if len(nodes) == 1:
                p = -1 - nodes[0].depth
                return lambda stack, world: (stack[p],)
            if nodes:
                get = itemgetter(*(-1 - n.depth for n in nodes))
                return lambda stack, world: get(stack)
            return lambda stack, world: ()
        each = [self.index(n, frame, depth) for n in nodes]
        return lambda stack, world: tuple(f(stack, world) for f in each)

    @staticmethod
    def axis(axis: Axis, frame: Frame | None) -> Axis:
        """The axis that is meant inside a function of the catalogue."""
        while frame is not None:
            if axis is frame.own and frame.axis is not None:
                axis = frame.axis
            frame = frame.outer
        return axis

    def function(self, name: str) -> Function:
        """The tree of a function of the catalogue."""
        if name not in self.functions:
            raise unknown_function(name)
        return self.functions[name]


def _nothing(_: Stack) -> None:
    return None


def _shortened(value: Value) -> Value:
    if isinstance(value, Jet):
        return Jet({mask: balls.shortened(x) for mask, x in value.parts.items()})
    return balls.shortened(value)


def _position(value: Closure) -> IndexClosure:
    def at(stack: Stack, world: World) -> int:
        label = plain(value(stack, world))
        if type(label) is not fmpq or label.q != 1:
            raise OutOfRange(f"{balls.decimal(label)} is no position on an axis")
        return int(label.p)

    return at


# ---------------------------------------------------------------- a builder for each node


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
    return lambda stack, world: raised(base(stack, world), exponent(stack, world))


def _call(ev: Evaluator, node: Call, frame: Frame | None, depth: int) -> Closure:
    arguments = [ev.compiled(a, frame, depth) for a in node.arguments]
    name = node.function
    if name == "pi":
        return lambda stack, world: arb.pi()
    if name == "stop":
        return lambda stack, world: plain(arguments[0](stack, world))
    if name in ("abs", "sign"):
        return _watched(lambda stack, world: jets.applied(name, arguments[0](stack, world)), [arguments[0]])
    if name in balls.FUNCTIONS:
        return lambda stack, world: jets.applied(name, arguments[0](stack, world))
    if name in ("max", "min"):
        choose = jets.larger if name == "max" else jets.smaller
        return _watched(lambda stack, world: _folded(choose, [a(stack, world) for a in arguments]),
                        [_difference(a, b) for n, a in enumerate(arguments) for b in arguments[:n]])
    if name == "clip":
        x, low, high = arguments
        return _watched(lambda stack, world: jets.smaller(jets.larger(x(stack, world), low(stack, world)), high(stack, world)),
                        [_difference(x, low), _difference(x, high)])
    function = ev.function(name)
    inner = Frame(dict(zip(function.parameters, arguments, strict=True)), False, None, None, frame)
    return ev.compiled(function.body, inner, 0)


def _folded(choose: Callable[[Value, Value], Value], values: list[Value]) -> Value:
    best = values[0]
    for v in values[1:]:
        best = choose(best, v)
    return best


def _difference(a: Closure, b: Closure) -> Closure:
    return lambda stack, world: a(stack, world) - b(stack, world)


def _watched(value: Closure, differences: list[Closure]) -> Closure:
    """The closure that also reports the differences that its kinks hang on, to whoever watches."""

    def watched(stack: Stack, world: World) -> Value:
        if world.watch is not None:
            world.watch.extend((d, stack) for d in differences)
        return value(stack, world)

    return watched


def _reduce(ev: Evaluator, node: Reduce, frame: Frame | None, depth: int) -> Closure:
    kind, (body, *others) = node.kind, node.arguments
    if not others and kind in _NATIVE:
        return _NATIVE[kind](ev, node, body, frame, depth)
    function = ev.function(kind)
    arguments = [ev.compiled(a, frame, depth + 1) for a in node.arguments]
    own = function.letter.axis if function.letter else None
    inner = Frame(dict(zip(function.parameters, arguments, strict=True)), True, own, node.axis, frame)
    return ev.compiled(function.body, inner, 0)


def _vector_call(ev: Evaluator, node: VectorCall, frame: Frame | None, depth: int) -> Closure:
    kind, axis, body, at = node.kind, node.axis, node.body, ev.index(node.at, frame, depth)
    if kind == "softmax":
        top = ev.compiled(Call("exp", (body,)), frame, depth + 1)
        total = ev.compiled(Reduce("sum", axis, (Call("exp", (body,)),)), frame, depth)
        return lambda stack, world: top((*stack, at(stack, world)), world) * jets.raised(total(stack, world), fmpq(-1))
    if kind == "log_softmax":
        score = ev.compiled(body, frame, depth + 1)
        log_total = ev.compiled(Reduce("logsumexp", axis, (body,)), frame, depth)
        return lambda stack, world: score((*stack, at(stack, world)), world) - log_total(stack, world)
    function = ev.function(kind)
    letter = function.letter
    if letter is None:
        raise unknown_function(kind)
    inner = Frame({function.parameters[0]: ev.compiled(body, frame, depth + 1)}, True, letter.axis, axis, frame)
    value = ev.compiled(bind(function.body, letter), inner, 1)
    return lambda stack, world: value((*stack, at(stack, world)), world)


def _sum(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    term, axis = ev.compiled(body, frame, depth + 1), ev.axis(node.axis, frame)

    def value(stack: Stack, world: World) -> Value:
        total = term((*stack, 1), world)
        for i in range(2, world.point.size(axis) + 1):
            total = total + term((*stack, i), world)
        return total

    return value


def _prod(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    term, axis = ev.compiled(body, frame, depth + 1), ev.axis(node.axis, frame)

    def value(stack: Stack, world: World) -> Value:
        product = term((*stack, 1), world)
        for i in range(2, world.point.size(axis) + 1):
            product = product * term((*stack, i), world)
        return product

    return value


def _mean(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    total, axis = ev.compiled(Reduce("sum", node.axis, (body,)), frame, depth), ev.axis(node.axis, frame)
    return lambda stack, world: total(stack, world) * fmpq(1, world.point.size(axis))


def _norm(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    return ev.compiled(Call("sqrt", (Reduce("sum", node.axis, (Pow(body, TWO),)),)), frame, depth)


def _logsumexp(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    return ev.compiled(Call("log", (Reduce("sum", node.axis, (Call("exp", (body,)),)),)), frame, depth)


def _largest(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    term, axis, sign = ev.compiled(body, frame, depth + 1), ev.axis(node.axis, frame), 1 if node.kind == "max" else -1
    tie: Closure = lambda stack, world: term((*stack, 1), world) - term((*stack, world.point.size(axis)), world)  # noqa: E731
    return _watched(lambda stack, world: jets.first_largest([sign * term((*stack, i), world) for i in range(1, world.point.size(axis) + 1)]) * sign,
                    [tie])


_NATIVE: dict[str, Callable[[Evaluator, Reduce, Expr, Frame | None, int], Closure]] = {
    "sum": _sum, "prod": _prod, "mean": _mean, "norm": _norm, "logsumexp": _logsumexp, "max": _largest, "min": _largest,
}


def _abstract(ev: Evaluator, node: Abstract, frame: Frame | None, depth: int) -> Closure:
    """The value of the seeded polynomial that stands for the function."""
    gather = [_listed(ev, a, frame, depth) for a in node.arguments]
    name, seed = node.function, ev.seed

    def value(stack: Stack, world: World) -> Value:
        arguments = [((n, *position), v) for n, listed in enumerate(gather) for position, v in listed(stack, world)]
        return abstract.value(seed, name, arguments)

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

    def value(stack: Stack, world: World) -> Value:
        seeds = tuple((name, indices(stack, world)) for name, indices in places)
        for seed in seeds:
            ev.entry(seed, world)                       # an entry outside its axis is no variable
        if len(world.seeds) + len(seeds) > MOST_SEEDS:
            raise LimitError(f"derivatives above order {MOST_SEEDS} are not evaluated")
        inner = world.under(world.seeds + seeds)
        return inner.derivative_of(body(stack, inner), len(seeds))

    return value


# ---------------------------------------------------------------- cases and conditions


def _cases(ev: Evaluator, node: Cases, frame: Frame | None, depth: int) -> Closure:
    branches = [(ev.compiled(c, frame, depth), ev.compiled(v, frame, depth)) for v, c in node.branches]
    otherwise = ev.compiled(node.otherwise, frame, depth)

    def chosen(stack: Stack, world: World, side: int) -> Closure:
        world.side = side
        for condition, branch in branches:
            if condition(stack, world):
                return branch
        return otherwise

    def value(stack: Stack, world: World) -> Value:
        if not world.seeds:
            return chosen(stack, world, 0)(stack, world)
        before = world.side, world.tied
        world.tied = False
        branch = chosen(stack, world, 0)
        sides = {chosen(stack, world, 1), chosen(stack, world, -1)} if world.tied else set()
        world.side, world.tied = 0, False
        result = branch(stack, world)
        for other in sides - {branch}:
            if isinstance(result, Jet):
                result = jets.joined(result, other(stack, world))
        world.side, world.tied = before
        return result

    return value


def _compare(ev: Evaluator, node: Compare, frame: Frame | None, depth: int) -> Closure:
    left, right, holds = ev.compiled(node.left, frame, depth), ev.compiled(node.right, frame, depth), OPERATORS[node.operator]
    if node.left is node.right:
        return lambda stack, world: holds(0, 0)

    def value(stack: Stack, world: World) -> bool:
        difference = left(stack, world) - right(stack, world)
        sign = balls.certain_sign(plain(difference))
        if sign == 0 and isinstance(difference, Jet):
            world.tied, sign = True, world.side
        return holds(sign, 0)

    return _watched(value, [_difference(left, right)])


def _index_compare(ev: Evaluator, node: IndexCompare, frame: Frame | None, depth: int) -> Closure:
    left, right, holds = ev.index(node.left, frame, depth), ev.index(node.right, frame, depth), OPERATORS[node.operator]
    return lambda stack, world: holds(left(stack, world), right(stack, world))


def _all(ev: Evaluator, node: And, frame: Frame | None, depth: int) -> Closure:
    conditions = [ev.compiled(c, frame, depth) for c in node.conditions]
    return lambda stack, world: all(c(stack, world) for c in conditions)


def _any(ev: Evaluator, node: Or, frame: Frame | None, depth: int) -> Closure:
    conditions = [ev.compiled(c, frame, depth) for c in node.conditions]
    return lambda stack, world: any(c(stack, world) for c in conditions)


def _not(ev: Evaluator, node: Not, frame: Frame | None, depth: int) -> Closure:
    condition = ev.compiled(node.condition, frame, depth)
    return lambda stack, world: not condition(stack, world)


def _member(ev: Evaluator, node: Member, frame: Frame | None, depth: int) -> Closure:
    entry, values = ev.compiled(node.entry, frame, depth), [balls.exact(v) for v in node.values]

    def value(stack: Stack, world: World) -> bool:
        x = plain(entry(stack, world))
        return any(not balls.certain_sign(x - v) for v in values)

    return value


def _label(ev: Evaluator, node: Label, frame: Frame | None, depth: int) -> Closure:
    entry, axis = ev.compiled(node.entry, frame, depth), ev.axis(node.axis, frame)

    def value(stack: Stack, world: World) -> bool:
        x = plain(entry(stack, world))
        return type(x) is fmpq and x.q == 1 and 1 <= x <= world.point.size(axis)

    return value


_BUILDERS: dict[type, Callable[[Evaluator, Any, Frame | None, int], Closure]] = {
    Number: _number, Size: _size, Entry: _entry, Delta: _delta, Add: _add, Mul: _mul, Pow: _pow, Call: _call, Reduce: _reduce,
    VectorCall: _vector_call, Abstract: _abstract, Derivative: _derivative, Cases: _cases, Compare: _compare,
    IndexCompare: _index_compare, And: _all, Or: _any, Not: _not, Member: _member, Label: _label,
}
_REMEMBERED = (Reduce, Call, Derivative, Abstract)
