"""Parts of a program as C: loops over arrays of any size, or straight lines where all sizes are small and known.

Numbers are computed in double and rounded once where they are stored. Loops that may be vectorised say so (`#pragma omp simd`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from handgrad.axes import Definition
from handgrad.expr import Axis, Cases, Entry, Expr, Letter, Reduce
from handgrad.kernels.formulas import Dialect, Scope, code
from handgrad.kernels.storage import Place, Sizes
from handgrad.trees import opened, subtrees

LANES = 16                              # of a maximum taken side by side


def c_number(value: Fraction) -> str:
    """A rational as the nearest double, in full."""
    near = float(value)
    return f"{int(near)}.0" if near == int(near) and abs(near) < 1e15 else repr(near)


NAMES = {
    "exp": "hg_exp_d", "expm1": "hg_expm1_d", "log": "hg_log_d", "log1p": "hg_log1p_d", "sqrt": "sqrt", "abs": "fabs", "sign": "hg_sign_d",
    "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh", "tanh": "hg_tanh_d", "sech": "hg_sech", "erf": "hg_erf_d",
    "max": "hg_max_d", "min": "hg_min_d", "clip": "hg_clip", "sigmoid": "hg_sigmoid_d", "softplus": "hg_softplus_d", "erfc": "hg_erfc_d",
    "normal_cdf": "hg_normal_cdf_d", "bell": "hg_bell", "exp_difference": "hg_exp_difference", "power_of_two": "hg_power_of_two", "square": "hg_square",
}
C = Dialect(
    NAMES, lambda condition, value, otherwise: f"({condition} ? {value} : {otherwise})", lambda base, exponent: f"pow({base}, {exponent})",
    ("&&", "||", "!"), c_number, "3.141592653589793", lambda text: f"(double){text}" if text.isidentifier() else f"{text}.0" if text.isdigit() else text,
)
STARTS = {"sum": "0.0", "prod": "1.0", "max": "-INFINITY", "min": "INFINITY"}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes parts, given where every name lives."""

    places: Mapping[str, Place]
    names: Mapping[str, str]            # what inputs and parts are called in code
    sizes: Sizes
    unrolled: bool
    stored: str                         # the type of arrays that are handed in and out

    def scope(self, letters: Mapping[Letter, str | int]) -> Scope:
        """What stands for what."""
        return Scope(letters, self._entry, self.sizes, C)

    def _entry(self, name: str, positions: Sequence[str | int]) -> str:
        return self.places[name].entry(positions, self.sizes)

    def part(self, part: Definition, letters: Mapping[Letter, str | int]) -> Iterator[str]:
        """The statements that compute a part; `letters` are those of loops around it."""
        free = tuple(i for i in part.letters if i not in letters)
        if self.unrolled:
            for at in self._all(free):
                yield from self._straight(part, {**letters, **at})
        elif isinstance(part.body, Reduce):
            yield from self._reduced(part, part.body, free, letters)
        else:
            yield from self._nest(free, letters, lambda scope: [self._set(part, scope, code(part.body, scope))])

    def _all(self, letters: Sequence[Letter]) -> Iterator[dict[Letter, int]]:
        counts = [range(self.sizes.fixed[i.axis]) for i in letters]
        return (dict(zip(letters, at, strict=True)) for at in product(*counts))

    def _set(self, part: Definition, scope: Scope, value: str) -> str:
        place = self.places[part.name]
        at = place.entry([scope.letters[i] for i in part.letters], self.sizes)
        if place.home == "variable":
            return f"const {'int64_t' if is_place(part) else 'double'} {at} = {value};"
        return f"{at} = {f'({self.stored})' if place.home == 'result' and self.stored != 'double' else ''}{value};"

    def folding(self, part: Definition, kind: str, body: Expr, array: Place, letters: Mapping[Letter, str | int]) -> Iterator[str]:
        """The statements that add one sample to the sums in an array."""
        def added(scope: Scope) -> list[str]:
            entry = array.entry([scope.letters[i] for i in part.letters], self.sizes)
            value = code(body, scope)
            return [f"{entry} {'+' if kind == 'sum' else '*'}= {value};" if kind in ("sum", "prod") else f"{entry} = hg_{kind}_d({entry}, {value});"]
        return self._nest(part.letters, letters, added)

    # ------------------------------------------------------------ straight lines

    def _straight(self, part: Definition, letters: Mapping[Letter, str | int]) -> Iterator[str]:
        scope = self.scope(letters)
        if not isinstance(part.body, Reduce):
            yield self._set(part, scope, code(part.body, scope))
            return
        letter, (body,) = opened(part.body)
        values = [code(body, scope.within(at)) for at in self._all([letter])]
        if part.body.kind == "argmax":
            yield self._set(part, scope, _first_largest(values))
        else:
            yield self._set(part, scope, folded(part.body.kind, values))

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
        at, size = f"k{len(scope.letters)}", self.sizes(letter.axis)
        value = code(body, scope.within({letter: at}))
        if kind == "argmax":
            yield f"int64_t a_{self.names[part.name]} = 0;"
            yield f"{{ double b = -INFINITY; {_loop(at, size)} const double v = {value};"
            yield f"  if (v > b || (v != v && b == b)) {{ b = v; a_{self.names[part.name]} = {at}; }} }} }}"
            yield self._set(part, scope, f"a_{self.names[part.name]} + 1")
            return
        if kind in ("max", "min"):
            yield from self._extreme(part, kind, letter, body, scope)
            return
        yield f"double a_{self.names[part.name]} = {STARTS[kind]};"
        yield f"#pragma omp simd reduction({'+' if kind == 'sum' else '*'}:a_{self.names[part.name]})"
        yield f"{_loop(at, size)} a_{self.names[part.name]} {'+' if kind == 'sum' else '*'}= {value}; }}"
        yield self._set(part, scope, f"a_{self.names[part.name]}")

    def _extreme(self, part: Definition, kind: str, letter: Letter, body: Expr, scope: Scope) -> Iterator[str]:
        """The largest or smallest, in lanes; nan stays nan."""
        at, size, name = f"k{len(scope.letters)}", self.sizes(letter.axis), f"a_{self.names[part.name]}"
        function = f"hg_{kind}_d"
        lane = code(body, scope.within({letter: f"({at} + l)"}))
        yield f"double {name}; {{ double b[{LANES}]; for (int l = 0; l < {LANES}; l++) b[l] = {STARTS[kind]};"
        yield f"  int64_t {at} = 0; for (; {at} + {LANES} <= {size}; {at} += {LANES}) for (int l = 0; l < {LANES}; l++) b[l] = {function}(b[l], {lane});"
        yield f"  {name} = b[0]; for (int l = 1; l < {LANES}; l++) {name} = {function}({name}, b[l]);"
        yield f"  for (; {at} < {size}; {at}++) {name} = {function}({name}, {code(body, scope.within({letter: at}))}); }}"
        yield self._set(part, scope, name)


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


def folded(kind: str, values: Sequence[str]) -> str:
    """The reduction of values written out; sums in pairs, so that they can run side by side."""
    if not values:
        return STARTS[kind]
    if len(values) == 1:
        return values[0]
    if kind in ("sum", "prod"):
        return "(" + (" + " if kind == "sum" else "*").join(values) + ")"
    middle = len(values) // 2
    return f"hg_{kind}_d({folded(kind, values[:middle])}, {folded(kind, values[middle:])})"


def _first_largest(values: Sequence[str]) -> str:
    """The position, from 1, of the first of the largest values."""
    best, place = values[0], "1"
    for number, value in enumerate(values[1:], 2):
        place = f"({value} > {best} ? {number} : {place})"
        best = f"hg_max_d({best}, {value})"
    return place


def has_branches(e: Expr) -> bool:
    """Whether the formula chooses."""
    return any(isinstance(n, Cases) for n in subtrees(e))


def axes_of_parts(parts: Sequence[Definition]) -> set[Axis]:
    """All axes that loops run over."""
    own = {letter.axis for part in parts for letter in part.letters}
    return own | {part.body.axis for part in parts if isinstance(part.body, Reduce)}
