"""Whether a second derivative can be negative: proved by its shape, refuted at a point in ball arithmetic, or not decided.

    found = sign_of(loss, loss.diagonal())
    found.verdict           # positive, nowhere negative, zero, negative (at found.point, where it is found.value), undecided
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from fractions import Fraction
from itertools import product
from typing import Any, Literal

from flint import fmpq

from handgrad.axes import Model
from handgrad.catalogue import functions
from handgrad.derivation.network import Network, network_of
from handgrad.derivation.signs import Signs
from handgrad.errors import HandgradError
from handgrad.expr import MINUS_ONE, ONE, ZERO, Add, Delta, Entry, Expr, Letter, Mul, Number, VectorCall, add, mul
from handgrad.objectives.definition import Loss
from handgrad.objectives.polynomials import rational_nonnegative
from handgrad.records import dataclass
from handgrad.rules.canonical import canonical
from handgrad.rules.shapes import factors
from handgrad.trees import reduction, renamed, replaced
from handgrad.verification import Verifier

Sign = Literal["positive", "nowhere negative", "zero", "negative", "undecided"]
POINTS = 40                                     # of the verifier; at each the score takes the values below too
SCORES = tuple(fmpq(n) for n in (0, 1, -1, 2, -2, 3, -3, 5, -5, 8, -8))


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a sign; where it is negative, a point and the value there."""

    verdict: Sign
    point: Mapping[str, str] = field(default_factory=dict)
    value: str = ""
    looked: int = 0

    @property
    def is_proved(self) -> bool:
        """Whether it is nowhere negative, by proof."""
        return self.verdict in ("positive", "nowhere negative", "zero")

    @property
    def place(self) -> str:
        """The point in words."""
        return ", ".join(f"{name} = {value}" for name, value in self.point.items())


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the sign of a formula is asked: the model, the numbers of its parameters, and what is varied first when points are sought."""

    model: Model
    given: Mapping[str, float]
    score: str
    label: str = ""


def sign_of(loss: Loss | Ground, formula: Expr) -> Found:
    """What is known of the sign of a formula over the names of the loss."""
    formula = _put_in(formula, loss.given)
    network = network_of(replace(loss.model, definitions={n: replace(d, body=_put_in(d.body, loss.given)) for n, d in loss.model.definitions.items()}))
    if formula is ZERO:
        return Found("zero")
    if Signs(network).positive(canonical(formula)):
        return Found("positive")
    if nonnegative(network, formula) or rational_nonnegative(Signs(network), formula, loss.score):
        return Found("nowhere negative")
    return searched(loss, formula)


def _put_in(formula: Expr, given: Mapping[str, float]) -> Expr:
    """The formula with the numbers of the parameters in it."""
    if given.keys().isdisjoint(formula.tensors):
        return formula
    return canonical(replaced(formula, lambda n: Number(Fraction(given[n.name])) if isinstance(n, Entry) and n.name in given else None))  # type: ignore[no-any-return]


def nonnegative(network: Network, formula: Expr) -> bool:
    """Whether it evidently is: by shape, or since a share of a softmax is at most 1."""
    signs = Signs(network)
    return signs.nonnegative(canonical(formula)) or all(signs.nonnegative(canonical(f)) or _is_rest(network, canonical(f)) for f in factors(formula))


def _is_rest(network: Network, factor: Expr) -> bool:
    """Whether it is 1 less an entry of a softmax."""
    match factor:
        case Add((first, Mul((minus, share)))) if first is ONE and minus is MINUS_ONE:
            return isinstance(_resolved(network, share), VectorCall) or _is_share(network, share)
        case _:
            return False


def _resolved(network: Network, e: Expr) -> Expr:
    return Signs(network).body(e) if isinstance(e, Entry) and e.name in network.names else e


def _is_share(network: Network, e: Expr) -> bool:
    """Whether it is one term of a sum of positive terms, over that sum: 1/f(k) times the sum of f is then at least 1."""
    body = _resolved(network, e)
    if not isinstance(e, Entry) or not e.indices or not isinstance(e.indices[-1], Letter):
        return False
    letter = e.indices[-1]
    whole = network.simplifier().tidy(network.collapse(reduction("sum", letter, body)))
    return whole is ONE and Signs(network).nonnegative(canonical(body))


# ---------------------------------------------------------------- points


def searched(loss: Loss | Ground, formula: Expr) -> Found:
    """A point where the formula is certainly negative, or how many points were looked at."""
    looked = 0
    for found in _values(loss, formula):
        looked += 1
        if found.value.startswith("-"):
            return found
    return Found("undecided", looked=looked)


def _values(loss: Loss | Ground, formula: Expr) -> Iterator[Found]:
    model = loss.model
    verifier = Verifier(model, functions())
    letters = sorted(formula.letters, key=lambda letter: letter.name)
    for number in range(POINTS):
        try:
            point = verifier.drawn(number)
        except HandgradError:
            continue
        point = point.moved({(name, ()): _exact(value) for name, value in loss.given.items()} | _usual_label(loss, point, number))
        at = tuple(1 + number % point.size(letter.axis) for letter in letters)
        places = tuple(product(*(range(1, point.size(axis) + 1) for axis in model.tensors[loss.score])))
        for score in (*SCORES, None):
            moved = point if score is None else point.moved({(loss.score, places[0]): score})
            try:
                value = verifier.value(formula, moved, 6, {letter.name: n for letter, n in zip(letters, at, strict=True)})
            except HandgradError:
                continue
            yield Found("negative", _point(loss, moved, model), f"{float(Fraction(value)):.6g}")


def _usual_label(loss: Loss | Ground, point: Any, number: int) -> dict[Any, Any]:
    """A label as data have it, 0 or 1 or one-hot, where the model says nothing of it."""
    if not loss.label or any(loss.label in fact.tensors for fact in loss.model.facts):
        return {}
    sizes = [range(1, point.size(axis) + 1) for axis in loss.model.tensors[loss.label]]
    if not sizes:
        return {(loss.label, ()): fmpq(number % 2)}
    return {(loss.label, at): fmpq(at[-1] == 1 + number % len(sizes[-1])) for at in product(*sizes)}


def _point(loss: Loss | Ground, point: Any, model: Model) -> dict[str, str]:
    """The inputs at the point, those of the score first."""
    found = {**point.drawn, **point.given}
    order = [loss.score, loss.label, *loss.given]
    shown: dict[str, str] = {}
    for name in order:
        for (title, at), value in sorted(found.items(), key=lambda pair: pair[0]):
            if title == name:
                entry = f"{name}[{','.join(map(str, at))}]" if at else name
                shown[entry] = f"{float(Fraction(int(value.p), int(value.q))):.6g}" if isinstance(value, fmpq) else str(value)
    return shown


def _exact(value: float) -> Any:
    exact = Fraction(value)
    return fmpq(exact.numerator, exact.denominator)


# ---------------------------------------------------------------- the matrix over the classes


def dominant(loss: Loss) -> bool:
    """Whether nothing off the diagonal of the Hessian of a sample is positive and its rows sum to nothing negative: then it is positive semidefinite."""
    first, other = (tuple(i for i in x.indices if not loss.is_sample(i)) for x in loss.second.wrt)
    if len(first) != 1 or not isinstance(other[0], Letter):
        return False
    network, block = network_of(loss.model), loss.block()
    apart = replaced(block, lambda n: ZERO if isinstance(n, Delta) and {n.left, n.right} == {first[0], other[0]} else None)
    if not nonnegative(network, network.simplifier().tidy(canonical(mul(MINUS_ONE, apart)))):
        return False
    row = network.simplifier().tidy(network.collapse(canonical(reduction("sum", other[0], block))))
    return row is ZERO or nonnegative(network, row)


def along(loss: Loss) -> Expr:
    """The curvature along the difference of two scores, over the two letters of the Hessian."""
    first, other = (tuple(i for i in x.indices if not loss.is_sample(i)) for x in loss.second.wrt)
    one, another = first[0], other[0]
    assert isinstance(one, Letter) and isinstance(another, Letter), "scores are differentiated by letters"
    pairs = ((one, one), (another, another), (one, another), (another, one))
    parts = (canonical(renamed(loss.block(), {one: a, another: b})) for a, b in pairs)
    return add(*(part if n < 2 else mul(MINUS_ONE, part) for n, part in enumerate(parts)))
