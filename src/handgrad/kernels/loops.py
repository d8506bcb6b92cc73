"""Parts of a program as C: loops over arrays of any size, or straight lines where all sizes are small and known.

Sums and products are computed in double and rounded once where they are stored; what is exact in single precision, and functions of it, stay in that.
Loops that may be vectorised say so (`#pragma omp simd`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from itertools import product
from typing import Any

from handgrad.axes import Definition
from handgrad.expr import ZERO, Add, Call, Cases, Delta, Entry, Expr, Index, IndexCompare, Letter, Mul, Pow, Reduce, rebuilt
from handgrad.kernels.formulas import Dialect, Scope, code, is_single, position, single
from handgrad.kernels.storage import Place, Sizes
from handgrad.records import dataclass
from handgrad.trees import opened, subtrees

LANES = 64                              # of a largest entry taken side by side; of sums half as many
BLOCK = 64                              # entries looked through at a time for the position of the largest


def c_number(value: Fraction) -> str:
    """A rational as the nearest double, in full."""
    near = float(value)
    return f"{int(near)}.0" if near == int(near) and abs(near) < 1e15 else repr(near)


BOTH = ("exp", "expm1", "log", "log1p", "sign", "tanh", "sech", "erf", "max", "min", "sigmoid", "softplus", "erfc", "normal_cdf", "bell", "exp_difference",
        "silu", "silu_slope", "gelu", "gelu_slope")
NAMES = {
    **{name: f"hg_{name}_d" for name in BOTH},
    "sqrt": "sqrt", "abs": "fabs", "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh",
    "clip": "hg_clip", "power_of_two": "hg_power_of_two", "square": "hg_square",
}
SINGLE = {name: f"hg_{name}_f" for name in BOTH}
C = Dialect(
    NAMES, lambda condition, value, otherwise: f"({condition} ? {value} : {otherwise})", lambda base, exponent: f"pow({base}, {exponent})",
    ("&&", "||", "!"), c_number, "3.141592653589793", lambda text: f"(double){text}" if text.isidentifier() else f"{text}.0" if text.isdigit() else text,
    SINGLE,
)
STARTS = {"sum": "0.0", "prod": "1.0", "max": "-INFINITY", "min": "INFINITY"}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes parts, given where every name lives."""

    places: Mapping[str, Place]
    names: Mapping[str, str]            # what inputs and parts are called in code
    sizes: Sizes
    unrolled: bool
    maxima: Mapping[str, str] = field(default_factory=dict)     # of a part that is the position of the largest entry, the part that is this entry

    def scope(self, letters: Mapping[Letter, str | int]) -> Scope:
        """What stands for what."""
        return Scope(letters, self._entry, self.sizes, C, self._narrow)

    def _entry(self, name: str, positions: Sequence[str | int]) -> str:
        return self.places[name].entry(positions, self.sizes)

    def _narrow(self, name: str) -> bool:
        return self.places[name].kind == "float"

    def _value(self, body: Expr, scope: Scope, kind: str) -> str:
        """The value as it is stored in a type."""
        if kind == "float" and is_single(body, C, self._narrow):
            return single(body, scope)
        return f"(float){code(body, scope)}" if kind == "float" else code(body, scope)

    def part(self, part: Definition, letters: Mapping[Letter, str | int]) -> Iterator[str]:
        """The statements that compute a part; `letters` are those of loops around it."""
        free = tuple(i for i in part.letters if i not in letters)
        if self.unrolled:
            for at in self._all(free):
                yield from self._straight(part, {**letters, **at})
        elif isinstance(part.body, Reduce):
            yield from self._reduced(part, part.body, free, letters)
        else:
            yield from self._filled(part, free, letters)

    def _all(self, letters: Sequence[Letter]) -> Iterator[dict[Letter, int]]:
        counts = [range(self.sizes.fixed[i.axis]) for i in letters]
        return (dict(zip(letters, at, strict=True)) for at in product(*counts))

    def _set(self, part: Definition, scope: Scope, value: str) -> str:
        place = self.places[part.name]
        at = place.entry([scope.letters[i] for i in part.letters], self.sizes)
        return f"const {place.kind} {at} = {value};" if place.home == "variable" else f"{at} = {place.stored(value)};"

    def _body(self, part: Definition, body: Expr, scope: Scope) -> str:
        place = self.places[part.name]
        at = place.entry([scope.letters[i] for i in part.letters], self.sizes)
        return f"{f'const {place.kind} ' if place.home == 'variable' else ''}{at} = {self._value(body, scope, place.kind)};"

    def folding(self, part: Definition, kind: str, body: Expr, array: Place, letters: Mapping[Letter, str | int]) -> Iterator[str]:
        """The statements that add one sample to the sums in an array."""
        def added(scope: Scope) -> list[str]:
            entry = array.entry([scope.letters[i] for i in part.letters], self.sizes)
            value = code(body, scope)
            return [f"{entry} {'+' if kind == 'sum' else '*'}= {value};" if kind in ("sum", "prod") else f"{entry} = hg_{kind}_d({value}, {entry});"]
        return self._nest(part.letters, letters, added)

    # ------------------------------------------------------------ straight lines

    def _straight(self, part: Definition, letters: Mapping[Letter, str | int]) -> Iterator[str]:
        scope = self.scope(letters)
        if not isinstance(part.body, Reduce):
            yield self._body(part, part.body, scope)
            return
        letter, (body,) = opened(part.body)
        if part.body.kind == "argmax":
            known = self.maxima.get(part.name)
            kind = self.places[known].kind if known else "double"
            values = [self._value(body, scope.within(at), kind) for at in self._all([letter])]
            largest = self.places[known].entry([scope.letters[i] for i in part.letters], self.sizes) if known else None
            yield self._set(part, scope, _first_not_below(values, largest) if largest else _first_largest(values))
        else:
            kind = self.places[part.name].kind
            values = [self._value(body, scope.within(at), kind) for at in self._all([letter])]
            yield self._set(part, scope, folded(part.body.kind, values, "f" if kind == "float" else "d"))

    # ------------------------------------------------------------ loops

    def _nest(self, free: Sequence[Letter], letters: Mapping[Letter, str | int], body: Callable[[Scope], list[str]], simd: bool = True) -> Iterator[str]:
        """Loops over letters around a body; the innermost one may be vectorised."""
        names: dict[Letter, str | int] = {i: f"k{len(letters) + n}" for n, i in enumerate(free)}
        depth = 0
        for number, letter in enumerate(free):
            if simd and number == len(free) - 1:
                yield "  " * depth + "#pragma omp simd"
            yield "  " * depth + _loop(str(names[letter]), self.sizes(letter.axis))
            depth += 1
        for line in body(self.scope({**letters, **names})):
            yield "  " * depth + line
        for depth in reversed(range(len(free))):
            yield "  " * depth + "}"

    def _filled(self, part: Definition, free: Sequence[Letter], letters: Mapping[Letter, str | int]) -> Iterator[str]:
        """A part entry by entry: those at positions that its conditions name by themselves, behind the loop over all."""
        positions, elsewhere = singled_out(part.body, free[-1]) if free else ((), part.body)
        yield from self._nest(free, letters, lambda scope: [self._body(part, elsewhere, scope)])
        if positions:
            yield from self._nest(free[:-1], letters, lambda scope: [line for at in positions for line in self._at(part, free[-1], at, scope)], simd=False)

    def _at(self, part: Definition, letter: Letter, at: Index, scope: Scope) -> tuple[str, str]:
        """The entry at one position, if there is such a position."""
        name = f"k{len(scope.letters)}"
        return (f"{{ const int64_t {name} = {position(at, scope)};",
                f"  if ({name} >= 0 && {name} < {self.sizes(letter.axis)}) {self._body(part, part.body, scope.within({letter: name}))} }}")

    def _reduced(self, part: Definition, node: Reduce, free: Sequence[Letter], letters: Mapping[Letter, str | int]) -> Iterator[str]:
        letter, (body,) = opened(node)
        if free and node.kind == "sum" and _runs_along(body) is free[-1] and self.places[part.name].home != "variable":
            yield from self._accumulated(part, letter, body, free, letters)
        else:
            yield from self._nest(free, letters, lambda scope: list(self._total(part, node.kind, letter, body, scope)), simd=False)

    def _accumulated(self, part: Definition, letter: Letter, body: Expr, free: Sequence[Letter], letters: Mapping[Letter, str | int]) -> Iterator[str]:
        """A sum whose terms lie along its last letter in memory: zeros, then one row of terms after the other."""
        place = self.places[part.name]

        def entry(scope: Scope) -> str:
            return place.entry([scope.letters[i] for i in part.letters], self.sizes)

        yield from self._nest(free, letters, lambda scope: [f"{entry(scope)} = 0;"])
        yield from self._nest((*free[:-1], letter, free[-1]), letters, lambda scope: [f"{entry(scope)} += {code(body, scope)};"])

    def _total(self, part: Definition, kind: str, letter: Letter, body: Expr, scope: Scope) -> Iterator[str]:
        name = f"a_{self.names[part.name]}"
        if kind == "argmax":
            yield from self._found(part, name, letter, body, scope)
            yield self._set(part, scope, f"{name} + 1")
        elif kind in ("max", "min"):
            yield from self._in_lanes(part, kind, letter, body, scope)
            yield self._set(part, scope, name)
        else:
            positions, elsewhere = singled_out(body, letter)
            if len(positions) == 1:
                yield from self._around(part, kind, letter, (body, elsewhere), positions[0], scope)
            else:
                yield from self._in_lanes(part, kind, letter, body, scope)
            yield self._set(part, scope, name)

    def _around(self, part: Definition, kind: str, letter: Letter, bodies: tuple[Expr, Expr], at: Index, scope: Scope) -> Iterator[str]:
        """A sum whose term at one position is another: what lies before it, what lies behind it, and it."""
        title, name, size = self.names[part.name], f"a_{self.names[part.name]}", self.sizes(letter.axis)
        body, elsewhere = bodies
        yield f"int64_t t_{title} = {position(at, scope)}; if (t_{title} < 0 || t_{title} > {size}) t_{title} = {size};"
        yield from self._in_lanes(part, kind, letter, elsewhere, scope, (("0", f"t_{title}"), (f"t_{title} + 1", str(size))))
        value = code(body, scope.within({letter: f"t_{title}"}))
        if value != STARTS[kind]:
            yield f"if (t_{title} < {size}) {name} {'+' if kind == 'sum' else '*'}= {value};"

    def _in_lanes(
        self, part: Definition, kind: str, letter: Letter, body: Expr, scope: Scope, ranges: Sequence[tuple[str, str]] = (),
    ) -> Iterator[str]:
        """A reduction in lanes that lie side by side, so that neither the order of adding nor the speed hangs on the machine; nan stays nan."""
        at, name, held = f"k{len(scope.letters)}", f"a_{self.names[part.name]}", self.places[part.name].kind
        lanes = LANES if kind in ("max", "min") else LANES // 2

        def into(total: str, where: str) -> str:
            value = self._value(body, scope.within({letter: where}), held if kind in ("max", "min") else "double")
            suffix = "f" if held == "float" else "d"
            return f"{total} {'+' if kind == 'sum' else '*'}= {value};" if kind in ("sum", "prod") else f"{total} = hg_{kind}_{suffix}({value}, {total});"

        each = f"for (int l = 0; l < {lanes}; l++)"
        yield f"{held} {name}; {{ {held} b[{lanes}]; {each} b[l] = {STARTS[kind]};"
        yield f"  {name} = {STARTS[kind]};"
        for low, high in ranges or (("0", str(self.sizes(letter.axis))),):
            yield f"  {{ int64_t {at} = {low}; for (; {at} + {lanes} <= {high}; {at} += {lanes}) {each} {into('b[l]', f'({at} + l)')}"
            yield f"    for (; {at} < {high}; {at}++) {into(name, at)} }}"
        yield f"  for (int h = {lanes // 2}; h > 0; h /= 2) for (int l = 0; l < h; l++) {_joined(kind, 'b[l]', 'b[l + h]', held)};"
        yield f"  {_joined(kind, name, 'b[0]', held)}; }}"

    def _found(self, part: Definition, name: str, letter: Letter, body: Expr, scope: Scope) -> Iterator[str]:
        """The position of the first of the largest entries: the block that it is in, and the place in it."""
        at, size = f"k{len(scope.letters)}", self.sizes(letter.axis)
        known = self.maxima.get(part.name)
        if known is None:
            value = code(body, scope.within({letter: at}))
            yield f"int64_t {name} = 0;"
            yield f"{{ double b = -INFINITY; {_loop(at, size)} const double v = {value};"
            yield f"  if (v > b || (v != v && b == b)) {{ b = v; {name} = {at}; }} }} }}"
            return
        kind = self.places[known].kind
        largest = self.places[known].entry([scope.letters[i] for i in part.letters], self.sizes)
        ahead, here = (self._value(body, scope.within({letter: where}), kind) for where in (f"({at} + l)", at))
        yield f"int64_t {name} = 0; {{ const {kind} b = {largest}; int64_t {at} = 0;"
        yield f"  for (; {at} + {BLOCK} <= {size}; {at} += {BLOCK}) {{ int any = 0; for (int l = 0; l < {BLOCK}; l++) any |= !({ahead} < b); if (any) break; }}"
        yield f"  for (; {at} < {size}; {at}++) {{ const {kind} v = {here}; if (b == b ? !(v < b) : v != v) break; }}"
        yield f"  {name} = {at} < {size} ? {at} : 0; }}"


def _joined(kind: str, left: str, right: str, held: str) -> str:
    if kind in ("sum", "prod"):
        return f"{left} {'+' if kind == 'sum' else '*'}= {right}"
    return f"{left} = hg_{kind}_{'f' if held == 'float' else 'd'}({left}, {right})"


def singled_out(body: Any, letter: Letter) -> tuple[tuple[Index, ...], Any]:
    """Positions along a letter at which conditions `letter == position` of the formula hold, and the formula at all others."""
    positions: dict[Index, None] = {}

    def walked(node: Any) -> Any:
        if isinstance(node, Cases):
            kept = tuple((walked(value), condition) for value, condition in node.branches if not named(condition))
            return Cases(kept, walked(node.otherwise)) if kept else walked(node.otherwise)
        if isinstance(node, Delta) and (at := _other(node.left, node.right, letter)) is not None:
            positions[at] = None
            return ZERO
        return rebuilt(node, walked, lambda n: n) if isinstance(node, (Add, Mul, Pow, Call)) else node

    def named(condition: Any) -> bool:
        at = _other(condition.left, condition.right, letter) if isinstance(condition, IndexCompare) and condition.operator == "==" else None
        if at is not None:
            positions[at] = None
        return at is not None

    elsewhere = walked(body)
    return tuple(positions), elsewhere


def _other(left: Any, right: Any, letter: Letter) -> Any:
    """The index that is compared with the letter, if it does not hang on it."""
    if left is letter and letter not in right.letters:
        return right
    return left if right is letter and letter not in left.letters else None


def is_place(part: Definition) -> bool:
    """Whether the entries of a part are positions."""
    return isinstance(part.body, Reduce) and part.body.kind == "argmax"


def _loop(name: str, size: str | int) -> str:
    return f"for (int64_t {name} = 0; {name} < {size}; {name}++) {{"


def _runs_along(body: Expr) -> Letter | None:
    """The letter that is the last index of most entries: along it memory is read in order."""
    votes: dict[Letter, int] = {}
    for node in subtrees(body):
        if isinstance(node, Entry) and node.indices and isinstance(node.indices[-1], Letter):
            votes[node.indices[-1]] = votes.get(node.indices[-1], 0) + len(node.indices)
    return max(votes, key=lambda i: votes[i], default=None)


def folded(kind: str, values: Sequence[str], suffix: str = "d") -> str:
    """The reduction of values written out."""
    if not values:
        return STARTS[kind]
    if len(values) == 1:
        return values[0]
    if kind in ("sum", "prod"):
        return "(" + (" + " if kind == "sum" else "*").join(values) + ")"
    # the new value comes first: only it is asked whether it is nan, never a result, which compilers would make branches of
    return f"hg_{kind}_{suffix}({values[-1]}, {folded(kind, values[:-1], suffix)})"


def _first_not_below(values: Sequence[str], largest: str) -> str:
    """The position, from 1, of the first of the values that reaches the largest."""
    last = max(1, len(values))
    place = str(last)
    for number, value in reversed(list(enumerate(values[:-1], 1))):
        place = f"hg_least({value} < {largest} ? {last} : {number}, {place})"
    return place


def _first_largest(values: Sequence[str]) -> str:
    """The position, from 1, of the first of the largest values."""
    best, place = values[0], "1"
    for number, value in enumerate(values[1:], 2):
        place = f"({value} > {best} ? {number} : {place})"
        best = f"hg_max_d({best}, {value})"
    return place
