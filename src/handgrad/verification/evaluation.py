"""The value of a raw tree at a point: each node becomes a closure once, and a closure is run at every point.

Values of names come from their definitions, catalogue calls from their trees, derivatives from jets. Nothing is simplified: a
product is only cut short by a Kronecker delta that is 0, and of cases only the branch taken is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from flint import fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar
from handgrad.axes import Definition, Function, Model
from handgrad.errors import ModelError
from handgrad.expr import Abstract, Axis, Bound, Call, Compare, Derivative, Letter, Literal, Reduce, Shift, Size, VectorCall, parts
from handgrad.records import dataclass
from handgrad.trees import bind, names, subtrees
from handgrad.verification.jets import Jet, Value, plain
from handgrad.verification.worlds import Closure, OutOfRange, Place, Stack, World, spelled, unknown_function

IndexClosure = Callable[[Stack, World], int]
REMEMBERED = (Reduce, Call, Derivative, Abstract)
BENT = ("abs", "sign", "max", "min", "clip")


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

    def __init__(self, model: Model, functions: Mapping[str, Function], builders: Mapping[type, Builder], seed: int) -> None:
        self.model, self.functions, self.builders, self.seed = model, functions, builders, seed
        self.definitions: dict[str, Definition] = dict(model.definitions)
        self._closed: dict[tuple[Any, tuple[Letter, ...]], Closure] = {}
        self._compiled: dict[Any, Closure] = {}
        self._bodies: dict[str, Closure] = {}
        self._used: dict[Any, frozenset[int]] = {}
        self._reach: dict[str, frozenset[str]] = {}
        self._found: dict[tuple[str, str], bool] = {}
        self._known: dict[str, tuple[tuple[Axis, ...], frozenset[str]]] = {}

    def closure(self, tree: Any, letters: tuple[Letter, ...] = ()) -> Closure:
        """The closure of a tree; its stack starts with the values of the letters."""
        key = (tree, letters)
        if key not in self._closed:
            for letter in letters:
                tree = bind(tree, letter)
            self._closed[key] = self.compiled(tree, None, 0)
        return self._closed[key]

    def compiled(self, node: Any, frame: Frame | None, depth: int) -> Closure:
        """The closure of a node; within a function of the catalogue under `depth` of its own binders."""
        if frame is not None:
            return self._built(node, frame, depth)
        if node not in self._compiled:
            self._compiled[node] = self._built(node, None, 0)
        return self._compiled[node]

    def _built(self, node: Any, frame: Frame | None, depth: int) -> Closure:
        build = self.builders.get(type(node))
        if build is None:
            raise ModelError(f"{type(node).__name__} has no value")
        made = build(self, node, frame, depth)
        return self._memoised(node, made, frame) if isinstance(node, REMEMBERED) else made

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
        name, indices = place
        axes, reach = self._known.get(name) or self._noted(name)
        memo = world.memo
        if world.root is not None and reach.isdisjoint(world.seed_names):
            world = world.base
        if place in world.memo:
            value = memo[place] = world.memo[place]
            return value
        for axis, i in zip(axes, indices, strict=True):
            if not 1 <= i <= world.point.size(axis):
                raise OutOfRange(f"{spelled(place)} lies outside its axis of {world.point.size(axis)}")
        value = _shortened(self.body(name)(indices, world)) if name in self.definitions else world.input(place)
        if place in world.seeds:
            value = world.seeded(place, value)
        elif world.every == name:
            value = world.sloped(place, value)
        world.memo[place] = memo[place] = value
        return value

    def _noted(self, name: str) -> tuple[tuple[Axis, ...], frozenset[str]]:
        self._known[name] = self.axes_of(name), self.reach(name)
        return self._known[name]

    def differentiates(self, node: Any) -> bool:
        """Whether a derivative stands in the tree, or in a definition that it leans on."""
        return self._holds(node, "derivative", lambda n: isinstance(n, Derivative))

    def kinked(self, node: Any) -> bool:
        """Whether the tree, or a definition or function that it leans on, has places where it may bend or jump."""
        return self._holds(node, "kink", self._bends)

    def _bends(self, node: Any) -> bool:
        match node:
            case Compare():
                return True
            case Call(kind) | Reduce(kind) | VectorCall(kind):
                return kind in BENT or kind in self.functions and any(self._bends(n) for n in subtrees(self.functions[kind].body))
            case _:
                return False

    def _holds(self, node: Any, what: str, test: Callable[[Any], bool]) -> bool:
        """Whether a node passes the test in the tree or in a definition that it leans on; for each definition found once."""
        if any(test(n) for n in subtrees(node)):
            return True
        for name in names(node) & self.definitions.keys():
            if (what, name) not in self._found:
                self._found[what, name] = self._holds(self.definitions[name].body, what, test)
            if self._found[what, name]:
                return True
        return False

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

    def parameters(self, function: Function, given: list[Closure]) -> dict[str, Closure]:
        """What each parameter stands for; those left out are their defaults."""
        missing = len(function.parameters) - len(given)
        if not 0 <= missing <= len(function.defaults):
            raise ModelError(f"{function.name} takes {len(function.parameters)} arguments")
        left_out = function.defaults[len(function.defaults) - missing :]
        return dict(zip(function.parameters, [*given, *(self.compiled(d, None, 0) for d in left_out)], strict=True))


def _nothing(_: Stack) -> None:
    return None


def _shortened(value: Value) -> Value:
    if not isinstance(value, Jet):
        return balls.shortened(value)
    for x in value.parts.values():
        if type(x) is fmpq and x.height_bits() > balls.LARGEST_EXACT_BITS:
            return type(value)({mask: balls.shortened(part) for mask, part in value.parts.items()})
    return value


def _position(value: Closure) -> IndexClosure:
    def at(stack: Stack, world: World) -> int:
        label = plain(value(stack, world))
        if type(label) is not fmpq or label.q != 1:
            raise OutOfRange(f"{balls.decimal(label)} is no position on an axis")
        return int(label.p)

    return at


def difference(a: Closure, b: Closure) -> Closure:
    """The closure of a - b."""
    return lambda stack, world: a(stack, world) - b(stack, world)


def watched(value: Closure, differences: list[Closure]) -> Closure:
    """The closure that also reports the differences that its kinks hang on, to whoever watches."""

    def told(stack: Stack, world: World) -> Value:
        if world.watch is not None:
            world.watch.extend((d, stack) for d in differences)
        if world.kinks is not None and world.seeds:
            world.kinks.extend((d, stack) for d in differences if _moves(d(stack, world)))
        return value(stack, world)

    return told


def _moves(value: Value) -> bool:
    """Whether the value changes with what is differentiated: only then is its zero a kink of the derivative."""
    return isinstance(value, Jet) and any(mask and not balls.vanishes(part) for mask, part in value.parts.items())


def positive(value: Closure, argument: Closure) -> Closure:
    """The closure that also reports what has to be positive for it to be real, to whoever asks."""

    def told(stack: Stack, world: World) -> Value:
        if world.asked is not None:
            world.asked.append((argument, stack))
        return value(stack, world)

    return told


def hiding(value: Closure, argument: Closure, bits: Callable[[Scalar], float]) -> Closure:
    """The closure that also reports how many bits its value may hide beside another, to whoever measures that."""

    def told(stack: Stack, world: World) -> Value:
        if world.hidden is not None:
            world.hidden.append((bits(plain(argument(stack, world))), argument, stack))
        return value(stack, world)

    return told


Builder = Callable[[Evaluator, Any, "Frame | None", int], Closure]       # of a node, within a frame, under so many of its binders
