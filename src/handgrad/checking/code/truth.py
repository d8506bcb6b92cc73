"""What the derivation says at a point: exact inputs, values in ball arithmetic, entry by entry.

A `Truth` holds the gradients asked for, as trees over one model. `values(tree, letters, point)` gives every entry of a tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from typing import Any

from flint import fmpq

from handgrad import catalogue
from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Unclear, Unreal
from handgrad.axes import Model
from handgrad.derivation import Derivation, model
from handgrad.errors import HandgradError
from handgrad.expr import Call, Derivative, Entry, Expr, Label, Letter, Reduce, VectorCall
from handgrad.records import dataclass
from handgrad.trees import subtrees
from handgrad.verification.conditions import CONDITIONS
from handgrad.verification.evaluation import Evaluator
from handgrad.verification.facts import assignments
from handgrad.verification.formulas import FORMULAS
from handgrad.verification.jets import plain
from handgrad.verification.points import Points
from handgrad.verification.reductions import REDUCTIONS
from handgrad.verification.worlds import OutOfRange, Point

PLAIN = frozenset(("abs", "sign", "sqrt", "max", "min", "clip", "relu", "stop", "pi", "sin", "cos"))
PRECISIONS = (256, 1024, 4096)
NOTHING = (Unreal, OutOfRange, HandgradError)
Entries = dict[tuple[int, ...], Fraction | None]         # None: there is no value there


@dataclass(frozen=True, slots=True)
class Wanted:
    """One gradient: by what, its letters in the order of the slots, and the tree that the derivation gives; `of` is what is differentiated."""

    name: str
    letters: tuple[Letter, ...]
    tree: Expr
    of: Entry
    order: int = 1

    @property
    def asked(self) -> Expr:
        """The derivative of the definition, which jets work out without a rule."""
        return Derivative(self.of, (Entry(self.name, self.letters),) * self.order)


@dataclass(slots=True)
class Truth:
    """The gradients of one model, and the evaluator that knows all its names."""

    model: Model
    wanted: tuple[Wanted, ...]
    of: Entry                                           # as a report calls it
    cotangent: Entry | None
    derivations: tuple[Derivation, ...]
    evaluator: Evaluator
    points: Points
    moved: frozenset[str] = frozenset()                 # the inputs that take real values
    memo: dict[Any, Entries] = field(default_factory=dict)
    held: list[Point] = field(default_factory=list)     # whose values are remembered: their identity is their key

    @property
    def is_exponential(self) -> bool:
        """Whether an exponential or the like stands in the model, so that moderate inputs give numbers very near 0 or 1."""
        return any(isinstance(n, VectorCall) or isinstance(n, Call) and n.function not in PLAIN or isinstance(n, Reduce) and n.kind == "logsumexp"
                   for d in self.model.definitions.values() for n in subtrees(d.body))

    def values(self, tree: Expr, letters: tuple[Letter, ...], point: Point) -> Entries:
        """Every entry of the tree at the point."""
        key = (tree, letters, id(point))
        if key not in self.memo:
            self.held.append(point)
            self.memo[key] = {stack: self.entry(tree, letters, stack, point) for stack in assignments(letters, point)}
        return self.memo[key]

    def entry(self, tree: Expr, letters: tuple[Letter, ...], stack: tuple[int, ...], point: Point) -> Fraction | None:
        """One entry of the tree at the point; None where it has no value."""
        closure = self.evaluator.closure(tree, letters)
        for bits in PRECISIONS:
            with balls.working_precision(bits):
                try:
                    found = plain(closure(stack, point.world(bits)))
                except Unclear:
                    continue
                except NOTHING:
                    return None
                if type(found) is fmpq:
                    return Fraction(int(found.p), int(found.q))
                if not found.is_finite():
                    continue
                if balls.relative_bits(found) > 80 or bits == PRECISIONS[-1] or found.abs_upper() < 2.0**-1200:
                    return _middle(found)
        return None


def _middle(x: Any) -> Fraction:
    mantissa, exponent = x.mid().man_exp()
    power = int(exponent)
    if abs(power) > 6000:
        return Fraction(0) if power < 0 else Fraction(int(mantissa)) * 2**6000
    return Fraction(int(mantissa)) * Fraction(2) ** power


def truth(text: str, of: str | None, by: tuple[str, ...], with_cotangent: bool, curvature: bool = False) -> Truth:
    """The gradients of the last statement (or of `of`): contracted with a cotangent where the code takes one, else summed over its entries."""
    asked = model(text)
    target = (of or list(asked.definitions or ("",))[-1]).partition("[")[0]
    if with_cotangent:
        found = asked.pullback(target, by)
        cotangent = found.cotangent
        shown = asked.definitions[target].entry if not asked.definitions[target].letters else found.first.of
    else:
        letters = asked.definitions[target].letters if target in asked.definitions else ()
        if letters:
            title = next(t for t in ("J", "L", "J_total", "L_total") if t not in asked.tensors)
            names = ",".join(letter.name for letter in letters)
            asked, target = model(f"{text.rstrip()}\n{title} = sum[{names}]({target}[{names}])"), title
        found, cotangent = asked.gradients(target, by), None
        shown = found.first.of
    whole = found.first.model
    evaluator = Evaluator(whole, catalogue.functions(), FORMULAS | REDUCTIONS | CONDITIONS, 0)
    wanted = []
    for name, d in found.items():
        mine = tuple(i for i in d.wrt[0].indices if isinstance(i, Letter))
        wanted.append(Wanted(name, mine, d.result, d.of))
        if curvature:
            twice = Derivative(d.of, (d.wrt[0], d.wrt[0]))
            wanted.append(Wanted(name, mine, twice, d.of, 2))
    points = Points(Evaluator(asked, catalogue.functions(), FORMULAS | REDUCTIONS | CONDITIONS, 0), 0)
    labels = {fact.entry.name for fact in asked.facts if isinstance(fact, Label) and isinstance(fact.entry, Entry)}
    moved = frozenset(asked.inputs) - labels
    return Truth(whole, tuple(wanted), shown, cotangent, tuple(found.values()), evaluator, points, moved)


def sized(model: Model, name: str, sizes: Mapping[Any, int]) -> tuple[int, ...]:
    """The shape of a tensor at these sizes."""
    return tuple(sizes[axis] for axis in model.tensors[name])
