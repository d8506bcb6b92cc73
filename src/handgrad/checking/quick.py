"""A quick look at whether a corrected formula can hold: its value at one point, in floating point.

Corrections of one formula share most of their trees. What the notation has to say (entries, derivatives, calls) is evaluated once for each
place and kept; sums and products over it are floating point. A look only rules corrections out; what remains is certified.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction as Ratio
from itertools import product

from handgrad.checking.indexed import Opaque
from handgrad.checking.interpretation import Interpreter
from handgrad.checking.naming import name_of
from handgrad.checking.scopes import Compiled, Pair
from handgrad.errors import HandgradError
from handgrad.expr import Expr
from handgrad.notation import read_expression
from handgrad.reading.surface import Big, Braced, Decimal, Fraction, Group, Product, Scripted, Sum, Surface, Symbol, spelled
from handgrad.records import dataclass
from handgrad.verification.worlds import Point

CLOSE = 1e-9
LOOKED_AT = 6
MOST_SIMPLE = 24        # the denominator of a simple number
Env = tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Quick:
    """Values of formulas of one link at one point."""

    compiled: Compiled
    pair: Pair
    interpreter: Interpreter
    point: Point | None = None
    wanted: dict[Env, float] = field(default_factory=dict)
    spellings: dict[int, tuple[Surface, str]] = field(default_factory=dict)
    trees: dict[tuple[str, tuple[str, ...]], Expr] = field(default_factory=dict)
    atoms: dict[tuple[str, Env], float] = field(default_factory=dict)
    values: dict[tuple[int, Env], tuple[Surface, float]] = field(default_factory=dict)

    def prepare(self) -> bool:
        """Evaluates the left side; False where it has no value at the point."""
        try:
            self.point = self._roomy()
            sizes = [self.point.size(axis) for axis in self.pair.letters.values()]
            for places in product(*(range(1, n + 1) for n in sizes)):
                env = dict(zip(self.pair.letters, places, strict=True))
                self.wanted[tuple(sorted(env.items()))] = float(self.compiled.verifier.value(self.pair.left, self.point, 12, env))
        except (HandgradError, ValueError, KeyError, OverflowError, ArithmeticError):
            return False
        return bool(self.wanted)

    def _roomy(self) -> Point:
        """A point where no axis has a single place, if there is one among the first."""
        points = [self.compiled.verifier.drawn(n) for n in range(LOOKED_AT)]
        return max(points, key=lambda p: min(p.sizes.values(), default=0))

    def may_hold(self, tree: Surface) -> bool:
        """Whether the formula has the values of the left side; True where that cannot be seen."""
        try:
            return all(math.isclose(self.value(tree, dict(env)), value, rel_tol=CLOSE, abs_tol=1e-12) for env, value in self.wanted.items())
        except (Opaque, HandgradError, KeyError):
            return False
        except (ValueError, ArithmeticError, OverflowError, TypeError):
            return True

    def ratio(self, tree: Surface) -> Ratio | None:
        """What the formula is of the left side, where that is one simple number; None elsewhere."""
        try:
            pairs = [(self.value(tree, dict(env)), value) for env, value in self.wanted.items()]
        except (Opaque, HandgradError, KeyError, ValueError, ArithmeticError, OverflowError, TypeError):
            return None
        ratios = [a / b for a, b in pairs if b]
        if not ratios or any(bool(a) != bool(b) for a, b in pairs):
            return None
        simple = Ratio(ratios[0]).limit_denominator(MOST_SIMPLE)
        return simple if simple and all(math.isclose(r, float(simple), rel_tol=CLOSE) for r in ratios) else None

    # ------------------------------------------------------------ values

    def value(self, node: Surface, env: Mapping[str, int]) -> float:
        """The value with the letters at these places, remembered: corrections share most of their nodes."""
        place = (id(node), tuple(env.items()))
        kept = self.values.get(place)
        if kept is None:
            kept = self.values[place] = (node, self._value(node, env))          # the node is kept, so that no other gets its place
        return kept[1]

    def _value(self, node: Surface, env: Mapping[str, int]) -> float:
        match node:
            case Decimal(_, text):
                return float(text)
            case Sum(_, terms):
                return sum(t.sign * self.value(t.node, env) for t in terms)
            case Product():
                return self._product(node, env)
            case Fraction(_, top, bottom):
                return self.value(top, env) / self.value(bottom, env)
            case Group(_, _, (item,)) | Braced(_, item, _):
                return self.value(item, env)
            case Scripted(_, Symbol(_, "delta"), (Symbol(_, i), Symbol(_, j)), None) if i in env and j in env:
                return float(env[i] == env[j])
            case Scripted() if (split := _power(node)) is not None:
                base, power = split
                if isinstance(base, Symbol) and base.name == "e" and "e" not in self.interpreter.words.assigned:
                    return math.exp(self.value(power, env))
                return float(self.value(base, env) ** self.value(power, env))
            case Big(_, "sum", (letter,), _, _, None, body) if not self.interpreter.within(*env)._bounds(node):
                size = self._size(letter.name)
                return sum(self.value(body, {**env, letter.name: n}) for n in range(1, size + 1))
        return self._atom(node, env)

    def _product(self, node: Product, env: Mapping[str, int]) -> float:
        found, n, factors = 1.0, 0, node.factors
        while n < len(factors):
            factor = factors[n]
            following = factors[n + 1] if n + 1 < len(factors) else None
            name = name_of(factor.node)
            called = name is not None and following is not None and not following.operator and isinstance(following.node, Group) \
                and following.node.bracket != "[" and spelled(factor.node) not in self.interpreter.fixed \
                and self.interpreter.words.is_call(name, following.node)
            value = self._atom(Product(node.span, factors[n:n + 2]), env) if called else self.value(factor.node, env)
            found = found / value if factor.operator == "/" and n else found * value
            n += 2 if called else 1
        return found

    def _size(self, letter: str) -> int:
        assert self.point is not None
        sizes = {self.point.size(axis) for axis, names in self.compiled.model.letters.items() if letter in names}
        if len(sizes) != 1:
            raise ValueError(f"{letter} runs over several axes")
        return sizes.pop()

    def _atom(self, node: Surface, env: Mapping[str, int]) -> float:
        """The value of what only the notation can say, remembered."""
        key = (self._spelled(node), tuple(sorted(env.items())))
        if key not in self.atoms:
            assert self.point is not None
            self.atoms[key] = float(self.compiled.verifier.value(self._tree(key[0], node, env), self.point, 12, env))
        return self.atoms[key]

    def _spelled(self, node: Surface) -> str:
        kept = self.spellings.get(id(node))
        if kept is None:
            kept = self.spellings[id(node)] = (node, spelled(node))         # the node is kept, so that no other gets its place
        return kept[1]

    def _tree(self, spelling: str, node: Surface, env: Mapping[str, int]) -> Expr:
        place = (spelling, tuple(sorted(env)))
        if place not in self.trees:
            self.trees[place] = read_expression(self.interpreter.within(*env).text(node), self.compiled.model)
        return self.trees[place]


def _power(node: Scripted) -> tuple[Surface, Surface] | None:
    """The base and the exponent where a superscript is a power."""
    name = name_of(node)
    if node.sup is None or (name is not None and (name.power is None or name.transposed)):
        return None
    if name is None and (node.sub or node.primes or isinstance(node.sup, Symbol) and node.sup.name in ("T", "top")):
        return None
    base = Scripted(node.span, node.base, node.sub, None, node.primes) if node.sub or node.primes else node.base
    return base, (name.power if name is not None and name.power is not None else node.sup)
