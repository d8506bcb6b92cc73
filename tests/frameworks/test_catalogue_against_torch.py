"""The catalogue against another library: values and gradients by the first argument at exact points, and what is taken at kinks."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from mpmath import mp, mpf

from handgrad.axes import Model
from handgrad.catalogue import CatalogueEntry, entries, functions
from handgrad.certificate.numbers import Point, value
from handgrad.expr import Derivative, Entry, Expr, Literal
from handgrad.trees import vector_call

torch = pytest.importorskip("torch")
F = torch.nn.functional
Tensor = torch.Tensor

ELEMENTWISE: dict[str, Callable[..., Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "softplus": lambda x: F.softplus(x, threshold=1e9),
    "silu": F.silu,
    "swish": F.silu,
    "gelu": F.gelu,
    "binary_cross_entropy_with_logits": lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none"),
    "hinge": lambda z, y: F.relu(1 - y * z),
    "squared_hinge": lambda z, y: F.relu(1 - y * z) ** 2,
    "l1": lambda z, y: F.l1_loss(z, y, reduction="none"),
    "huber": lambda z, y: F.huber_loss(z, y, reduction="none"),
    "l2": lambda z, y: F.mse_loss(z, y, reduction="none") / 2,
    "gaussian_nll": lambda m, y, s: F.gaussian_nll_loss(m, y, s**2, reduction="none"),
    "pinball": lambda z, y: F.l1_loss(z, y, reduction="none") / 2,
}
ALONG: dict[str, Callable[..., Tensor]] = {
    "softmax_cross_entropy": lambda a, y: F.cross_entropy(a[None], y[None])[None],
    "cosine": lambda a, y: -F.cosine_similarity(a, y, dim=0)[None],
    "kl_divergence": lambda a, y: F.kl_div(F.log_softmax(a, 0), y, reduction="sum")[None],
    "softmax": lambda a: F.softmax(a, 0),
    "log_softmax": lambda a: F.log_softmax(a, 0),
}
SCORES = [Fraction(n, 8) for n in (-37, -16, -9, -5, -1, 1, 4, 7, 13, 22, 40)]
KINKS = {"relu": (0, None), "leaky_relu": (0, None), "hinge": (1, 1), "l1": (2, 2)}


def targets_of(declared: CatalogueEntry, number: int) -> Fraction:
    facts = " ".join(declared.facet.where)
    if "{-1, 1}" in facts:
        return Fraction((-1) ** number)
    return Fraction(number % 2) if "{0, 1}" in facts or "targets <= 1" in facts else Fraction(number % 5, 4)


def exact(formula: Expr, **inputs: Fraction) -> float:
    with mp.workdps(120):
        given = {(name, ()): mpf(x.numerator) / x.denominator for name, x in inputs.items()}
        return float(value(formula, Point(Model({}), functions(), {}, given), {}))


@pytest.mark.parametrize("declared", [e for e in entries() if e.name in ELEMENTWISE], ids=lambda e: e.name)
def test_values_and_gradients_agree_elementwise(declared: CatalogueEntry) -> None:
    names = ("scores", "targets", "deviation") if declared.kind == "loss" else ("x",)
    names = tuple(n for n in names if n in declared.function.parameters)
    call = declared(*(Entry(n, ()) for n in names))
    for number, score in enumerate(SCORES):
        inputs = dict(zip(names, (score, targets_of(declared, number), Fraction(3, 2)), strict=False))
        leaves = [torch.tensor(float(x), dtype=torch.float64, requires_grad=n == names[0]) for n, x in inputs.items()]
        theirs = ELEMENTWISE[declared.name](*leaves)
        theirs.backward()
        assert exact(call, **inputs) == pytest.approx(theirs.item(), rel=1e-12, abs=1e-15)
        slope = Derivative(call, (Entry(names[0], ()),))
        at_kink = declared.name in ("huber", "l1") and abs(score - inputs["targets"]) in (0, 1)
        if not at_kink:
            assert exact(slope, **inputs) == pytest.approx(leaves[0].grad.item(), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("declared", [e for e in entries() if e.name in KINKS], ids=lambda e: e.name)
def test_the_value_taken_at_a_kink_is_theirs(declared: CatalogueEntry) -> None:
    score, target = KINKS[declared.name]
    leaf = torch.tensor(float(score), dtype=torch.float64, requires_grad=True)
    ELEMENTWISE[declared.name](leaf, *([] if target is None else [torch.tensor(float(target), dtype=torch.float64)])).backward()
    inputs = {declared.function.parameters[0]: Fraction(score), **({} if target is None else {"targets": Fraction(target)})}
    inputs["slope"] = Fraction("0.01")
    assert exact(declared.partials[declared.function.parameters[0]], **inputs) == leaf.grad.item()


@pytest.mark.parametrize("declared", [e for e in entries() if e.name in ALONG], ids=lambda e: e.name)
def test_values_and_gradients_agree_along_an_axis(declared: CatalogueEntry) -> None:
    letter = declared.function.letter
    assert letter
    scores, targets = [Fraction(n, 4) for n in (3, -5, 9, 0)], [Fraction(n, 8) for n in (1, 4, 1, 2)]
    if declared.name == "cosine":
        targets = [Fraction(n) for n in (0, 0, 1, 0)]
    names = ("scores", "targets") if declared.kind == "loss" else ("x",)
    leaves = [torch.tensor([float(x) for x in xs], dtype=torch.float64, requires_grad=True) for xs in (scores, targets)][: len(names)]
    theirs = ALONG[declared.name](*leaves)
    theirs[0].backward()
    arguments = [Entry(n, (letter,)) for n in names]
    call = declared(letter, *arguments) if declared.kind == "loss" else vector_call(declared.name, letter, arguments[0], Literal(1))
    given = {(n, (p + 1,)): mpf(x.numerator) / x.denominator for n, xs in zip(names, (scores, targets), strict=False) for p, x in enumerate(xs)}
    with mp.workdps(120):
        point = Point(Model({}), functions(), {letter.axis: 4}, given)
        assert float(value(call, point, {})) == pytest.approx(theirs[0].item(), rel=1e-12)
        for place in range(1, 5):
            slope = Derivative(call, (Entry(names[0], (Literal(place),)),))
            assert float(value(slope, point, {})) == pytest.approx(leaves[0].grad[place - 1].item(), rel=1e-11, abs=1e-15)
