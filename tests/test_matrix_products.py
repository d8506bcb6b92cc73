"""Matrix products in compiled C: they are found, and right for every remainder of the tiles, for every type, and for sizes of 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import handgrad
from handgrad.kernels.building import compiler
from handgrad.kernels.layout import Layout
from handgrad.kernels.program import program_of

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler on this machine")
LAYER = "h[n,j] = relu(b[j] + sum[i](W[i,j]*x[n,i])); J = 1/2*sum[n,j]((h[n,j] - y[n,j])^2)"


def layer(n: int, i: int, j: int, dtype: Any = "float64", threads: int = 0) -> tuple[Any, Any, dict[str, Any]]:
    random = np.random.default_rng(n + 100*i + 10_000*j)
    given = {name: random.standard_normal(shape).astype(dtype) for name, shape in {"x": (n, i), "W": (i, j), "b": (j,), "y": (n, j)}.items()}
    value, slopes = handgrad.compile(LAYER, by=["W", "x", "b"], target="c", dtype=dtype, threads=threads)(**given)
    return value, slopes, given


def by_hand(given: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    x, w, b, y = (given[name].astype("float64") for name in ("x", "W", "b", "y"))
    z = x @ w + b
    delta = np.where(z > 0, z - y, 0.0)
    return 0.5*float(((np.maximum(z, 0) - y)**2).sum()), {"W": x.T @ delta, "x": delta @ w.T, "b": delta.sum(0)}


def test_all_three_products_of_a_layer_are_found_with_the_condition_as_a_factor() -> None:
    layout = Layout(program_of(LAYER, by=["W", "x", "b"]), {})
    assert len(layout.products) == 3 and {"d_W", "d_x"} <= set(layout.products)


@pytest.mark.parametrize(("n", "i", "j"), [(33, 34, 35), (48, 64, 96), (1, 40, 41), (40, 1, 41), (57, 300, 33), (61, 40, 1), (200, 513, 37)])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 3e-6)])
def test_products_are_those_of_numpy(n: int, i: int, j: int, dtype: str, tolerance: float) -> None:
    value, slopes, given = layer(n, i, j, dtype)
    true, expected = by_hand(given)
    assert abs(value - true) <= 10*tolerance*abs(true)
    for name, slope in expected.items():
        assert slopes[name].shape == slope.shape
        assert np.abs(slopes[name] - slope).max() <= 10*tolerance*np.abs(slope).max()


def test_products_do_not_depend_on_the_threads() -> None:
    alone, shared = layer(130, 70, 90, threads=1), layer(130, 70, 90, threads=4)
    assert alone[0] == shared[0]
    assert all((alone[1][name] == shared[1][name]).all() for name in alone[1])


@pytest.mark.parametrize(("n", "i", "j"), [(0, 40, 41), (40, 0, 41), (40, 41, 0)])
def test_products_of_nothing_are_0(n: int, i: int, j: int) -> None:
    value, slopes, given = layer(n, i, j)
    true, expected = by_hand(given)
    assert value == pytest.approx(true, rel=1e-13)
    assert all(np.allclose(slopes[name], slope, rtol=1e-13, atol=0) for name, slope in expected.items())


def test_what_is_no_product_of_two_factors_is_left_to_the_loops() -> None:
    assert not Layout(program_of("d[i,j] = sum[k](abs(a[i,k] - c[j,k])); J = sum[i,j](d[i,j])", by=["a"]), {}).products


def test_a_product_that_value_and_slopes_need_is_computed_once_in_whatever_order_its_factors_stand() -> None:
    model = "h[i,j] = relu(b[j] + sum[p](x[i,p]*W[p,j])); z[i,k] = sum[j](h[i,j]*V[j,k]); J = sum[i](logsumexp[k](z[i,k]))"
    layout = Layout(program_of(model, by=["W", "b", "V"]), {})
    factors = [frozenset((p.left.name, p.right.name)) for p in layout.products.values()]
    assert {"d_W", "d_V"} <= set(layout.products) and factors.count(frozenset(("x", "W"))) == 1
