"""The digits of the ready functions: of every value and gradient of the catalogue those that the goals state, on fixed samples, against ball arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

import handgrad
from handgrad.catalogue import CatalogueEntry, entries
from handgrad.kernels.building import compiler
from support_accuracy import ours, rows
from support_samples import MEETING, sample

GOAL = {"float32": 2.0, "float64": 4.0}
# what does not reach them, with what it reaches: a norm, its square and a quotient by each of them, and a sum of products in which terms cancel; two
# entries of a softmax; a power of a sigmoid
BEYOND = {("cosine", "slope", "float64"): 12.0, ("softmax", "slope", "float64"): 5.5, ("focal", "value", "float64"): 5.0, ("focal", "slope", "float64"): 5.0}
FIRST = ("sigmoid", "gelu", "softmax_cross_entropy_labels")         # compiled in every run; the others at night, since each takes the compiler a second
EVERY = [pytest.param(e, dtype, id=f"{e.name}-{dtype}") for e in entries() for dtype in GOAL]
POINTS = 150


def judged(of: CatalogueEntry, dtype: str, who: str, points: int) -> None:
    """Asserts that our digits are right."""
    given = sample(of, points, dtype, seed=1)
    for row in rows(of, given, dtype, dict(ours(of, given, dtype, (who,)))):
        found, key = row.verdicts[who], (of.name, row.what, dtype)
        assert row.met == (key[:2] in MEETING)
        assert found.ulp <= max(GOAL[dtype], BEYOND.get(key, 0)), (key, found.where)
        assert (found.zeros, found.nans) == (0, 0), key


@pytest.mark.parametrize(("of", "dtype"), EVERY)
def test_every_value_and_gradient_has_its_digits(of: CatalogueEntry, dtype: str) -> None:
    judged(of, dtype, "handgrad numpy", POINTS)


@pytest.mark.skipif(compiler() is None, reason="no C compiler on this machine")
@pytest.mark.parametrize(("of", "dtype"), [pytest.param(*p.values, id=p.id, marks=[] if p.values[0].name in FIRST else pytest.mark.nightly) for p in EVERY])
def test_every_value_and_gradient_has_its_digits_in_c(of: CatalogueEntry, dtype: str) -> None:
    judged(of, dtype, "handgrad C", 1000 if of.name not in FIRST else POINTS)


@pytest.mark.parametrize("target", ["numpy", "python", pytest.param("c", marks=pytest.mark.skipif(compiler() is None, reason="no C compiler on this machine"))])
@pytest.mark.parametrize("text", [
    "y = relu(x)", "y = leaky_relu(x, 1/10)", "y = elu(x, 1)", "y = hinge(x, 1)", "y = l1(x, 2)", "y = huber(x, 2, 1)", "y = pinball(x, 1, 1/2)",
    "y = clip(x, 0, 1)*x", "y = x if x > 0 and x < 1 else 0", "y = max(x, 0)", "y = abs(x)",
])
def test_a_nan_stays_a_nan_in_a_compiled_formula(text: str, target: str) -> None:
    value, slopes = handgrad.compile(text, by=["x"], target=target)(x=float("nan"))
    assert np.isnan(value) and np.isnan(slopes["x"])


def test_a_nan_stays_in_its_own_row_and_what_is_masked_is_not_looked_at() -> None:
    value, slopes = handgrad.compile("y[i] = relu(x[i])", by=["x"], target="numpy")(x=[float("nan"), 1.0, -1.0])
    assert np.array_equal(value, [float("nan"), 1, 0], equal_nan=True)
    assert np.array_equal(slopes["x"], [[float("nan"), 0, 0], [0, 1, 0], [0, 0, 0]], equal_nan=True)
    kernel = handgrad.compile("J = sum[i](x[i]^2 if m[i] > 0 else 0)", by=["x"], target="numpy")
    value, slopes = kernel(x=[1.0, float("nan")], m=[1.0, 0.0])
    assert value == 1 and np.array_equal(slopes["x"], [2.0, 0.0])
