"""The curvature that is handed over: the second derivative as it is, or a named surrogate that is nowhere negative.

    exact           the second derivative by each score itself, the diagonal of the Hessian of a sample
    clip            the same, raised to a floor where it is below
    gauss-newton    of J = c(f(s)): f's slope squared times c'', the part of J'' that is left where c' is 0
    expected        J'' where the label is replaced by its mean under the model: Fisher's information
    bound           the sum of the magnitudes in a row of the Hessian: diag(bound) - Hessian is positive semidefinite
"""

from __future__ import annotations

from handgrad.axes import Definition
from handgrad.derivation import asked_of
from handgrad.derivation.certification import extended
from handgrad.derivation.network import unused
from handgrad.errors import ModelError
from handgrad.expr import TWO, ZERO, Call, Cases, Delta, Entry, Expr, Label, Letter, Pow, mul
from handgrad.objectives.convexity import Found, along, dominant, sign_of
from handgrad.objectives.definition import SURROGATES, Asked, Loss
from handgrad.records import dataclass
from handgrad.rules.canonical import canonical
from handgrad.rules.shapes import factors
from handgrad.trees import fresh, reduction, renamed, replaced, subtrees

FLOOR = 1e-6
TELLING = {
    "exact": "the second derivative as it is",
    "clip": "the second derivative, raised to {floor:g} where it is below",
    "gauss-newton": "Gauss–Newton through {through}: its slope squared times the second derivative by {through}",
    "expected": "the expected second derivative: the label replaced by its mean {through}",
    "bound": "the magnitudes in each row of the Hessian, added up: a diagonal above it",
}


@dataclass(frozen=True, slots=True)
class Curvature:
    """The curvature of a loss: its name, its formula with the letters of the gradient, and what is known of the second derivative."""

    name: str
    formula: Expr
    exact: Found                                # of the second derivative by each score
    floor: float | None = None
    through: str = ""
    psd: bool | None = None                     # over classes: whether the whole Hessian of a sample is shown to be positive semidefinite
    mixed: Found | None = None                  # over classes: what is known of the curvature along a difference of two scores

    @property
    def is_convex(self) -> bool:
        """Whether the loss of a sample is shown to be convex in its scores."""
        return self.exact.is_proved and self.psd is not False

    @property
    def told(self) -> str:
        """What is handed over, in words."""
        return TELLING[self.name].format(floor=self.floor, through=self.through)


def curvature_of(loss: Loss, asked: Asked) -> Curvature:
    """The curvature that is asked for; without a name the second derivative, refused where it is not shown to be nowhere negative."""
    name = asked.surrogate or "exact"
    if name not in SURROGATES:
        raise ModelError(f"no surrogate {str(name)[:40]!r}", remedy=f"there are {', '.join(SURROGATES)}")
    if asked.floor is not None and (name != "clip" or not asked.floor > 0):
        raise ModelError(f"floor = {asked.floor!r} says nothing here", remedy="a floor above 0 belongs to surrogate='clip'")
    if asked.through is not None and name not in ("gauss-newton", "expected"):
        raise ModelError(f"through = {asked.through!r} says nothing here", remedy="it belongs to the surrogates gauss-newton and expected")
    exact = sign_of(loss, loss.diagonal())
    psd = dominant(loss) if loss.classes else None
    mixed = sign_of(loss, along(loss)) if loss.classes and not psd else None
    if asked.surrogate is None and (not exact.is_proved or exact.verdict == "zero"):
        raise _unfit(loss, exact)
    formulas = {"exact": _exact, "clip": _exact, "gauss-newton": _gauss_newton, "expected": _expected, "bound": _bound}
    formula = formulas[name](loss, asked.through or "")
    floor = (FLOOR if asked.floor is None else float(asked.floor)) if name == "clip" else None
    return Curvature(name, formula, exact, floor, asked.through or "", psd, mixed)


def _unfit(loss: Loss, found: Found) -> ModelError:
    others = "'clip' (with floor=…), 'gauss-newton' or 'expected' (with through=…), 'bound'"
    if found.verdict == "zero":
        return ModelError(f"the second derivative of `{loss.total}` by `{loss.score}` is 0: a step has no length",
                          remedy="say which curvature to take instead: surrogate='clip', floor=1.0 takes 1")
    if found.verdict == "negative":
        return ModelError(f"`{loss.total}` is not convex in `{loss.score}`: at {found.place} the second derivative is {found.value}",
                          remedy=f"say which curvature to take instead: surrogate = {others}")
    return ModelError(f"it is not proved that the second derivative of `{loss.total}` by `{loss.score}` is nowhere negative; at {found.looked} points it is",
                      remedy=f"say surrogate='exact' to take it as it is, or {others}")


# ---------------------------------------------------------------- the surrogates


def _exact(loss: Loss, through: str) -> Expr:
    return loss.diagonal()


def _bound(loss: Loss, through: str) -> Expr:
    """The sum of |H| over the second letter."""
    size: Expr = Call("abs", (loss.block(),))
    others = tuple(i for i in loss.second.wrt[1].indices if isinstance(i, Letter) and not loss.is_sample(i))
    return reduction("sum", others, size) if others else size


def _gauss_newton(loss: Loss, through: str) -> Expr:
    """c''(f) times the square of f's slope, summed over the entries of f."""
    if through not in loss.model.definitions or through == loss.total:
        named = [name for name in loss.model.definitions if name != loss.total]
        raise ModelError(f"Gauss–Newton cuts the loss at a name, and `{through}` is none of its names",
                         remedy=f"say through=…: {', '.join(named)}" if named else "give the inner function a name: p = sigmoid(s), and through='p'")
    outer = asked_of(loss.model).derive(loss.total, through, order=2).vouched()
    inner = asked_of(outer.model).derive(through, loss.score).vouched()
    first, other = (x.indices for x in outer.wrt)
    pairs = [(a, b) for a, b in zip(first, other, strict=True) if isinstance(a, Letter) and isinstance(b, Letter)]
    weight = on_diagonal(outer.result, [pair for pair in pairs if not loss.is_sample(pair[0])])
    own = {b: a for a, b in pairs}
    weight = canonical(renamed(weight, dict(own)))
    found = sign_of(loss, weight)
    if not found.is_proved:
        raise ModelError(f"the second derivative of `{loss.total}` by `{through}` is not shown to be nowhere negative",
                         remedy="cut at another name, or take surrogate='clip'")
    slope_letters = dict(zip(inner.of.indices, first, strict=True))
    slope = renamed(inner.result, slope_letters)  # type: ignore[arg-type]
    own_score = dict(zip(inner.wrt[0].indices, loss.gradient.wrt[0].indices, strict=True))
    samples = {a: i for a in first if loss.is_sample(a) for i in loss.gradient.wrt[0].indices if loss.is_sample(i)}
    term = renamed(renamed(mul(weight, Pow(slope, TWO)), own_score), samples)  # type: ignore[arg-type]
    inside = tuple(a for a in first if isinstance(a, Letter) and not loss.is_sample(a))
    return loss.tidied(reduction("sum", inside, term) if inside else term)


def on_diagonal(formula: Expr, pairs: list[tuple[Letter, Letter]]) -> Expr:
    """The factor of the Kronecker deltas; a second derivative that mixes entries is refused."""
    for a, b in pairs:
        bare = [f for f in factors(formula) if not (isinstance(f, Delta) and {f.left, f.right} == {a, b})]
        if formula is not ZERO and len(bare) == len(factors(formula)):
            raise ModelError("the loss mixes the entries of the name at which Gauss–Newton cuts",
                             remedy="cut at a name of which each entry has a term of its own")
        formula = mul(*bare) if formula is not ZERO else ZERO
    return formula


def _expected(loss: Loss, through: str) -> Expr:
    """The second derivative with the mean in the place of the label, in which it has to be linear."""
    known, label = loss.model.definitions.get(through), loss.label
    if any(isinstance(fact, Label) and isinstance(fact.entry, Entry) and fact.entry.name == label for fact in loss.model.facts):
        raise ModelError(f"`{label}` is a position, and has no mean", remedy="write the loss over a label for each class, or take another surrogate")
    if known is None or len(known.letters) != len(loss.model.tensors[label]):
        raise ModelError(f"the mean of the label `{label}` is to be a name of its shape, and `{through}` is none",
                         remedy="say through=…, such as p of p = sigmoid(s)")
    formula = _written_out(loss, loss.diagonal())
    if not _is_linear(loss, formula):
        raise ModelError(f"the second derivative is not linear in the label `{label}`",
                         remedy="its mean is then not that at the mean label: take another surrogate")
    found = loss.tidied(replaced(formula, lambda n: Entry(through, n.indices) if isinstance(n, Entry) and n.name == label else None))
    if (sign := sign_of(loss, found)).verdict == "negative":
        raise ModelError(f"the expected second derivative is negative: {sign.value} at {sign.place}", remedy="take surrogate='clip' or 'bound'")
    return found


def _written_out(loss: Loss, formula: Expr) -> Expr:
    """The formula with the definitions put in that depend on the label, so that it stands there itself."""
    model = loss.model
    while used := [n for n in subtrees(formula) if isinstance(n, Entry) and n.name in model.definitions and _depends(loss, n.name)]:
        formula = replaced(formula, lambda n: model.definitions[n.name].at(n.indices) if n in used else None)
    return canonical(formula)  # type: ignore[no-any-return]


def _depends(loss: Loss, name: str) -> bool:
    body = loss.model.definitions[name].body
    return loss.label in body.tensors or any(_depends(loss, other) for other in body.tensors if other in loss.model.definitions)


def _is_linear(loss: Loss, formula: Expr) -> bool:
    broken = (n for n in subtrees(formula) if isinstance(n, Cases) or isinstance(n, Call) and n.function in ("abs", "sign", "max", "min"))
    if any(loss.label in n.tensors for n in broken):
        return False
    letters = tuple(i for i in loss.gradient.wrt[0].indices if isinstance(i, Letter))
    own = {letter: fresh(letter.axis) for letter in letters}
    definition = Definition(unused("h", loss.model.tensors), letters, formula)
    model = asked_of(extended(loss.model, (definition,)))
    written = f"{definition.name}[{','.join(i.name for i in letters)}]" if own else definition.name
    return model.derive(written, loss.label, order=2).result is ZERO
