"""The activations against a second library."""

from __future__ import annotations

from fractions import Fraction

import pytest
from mpmath import mp, mpf

from handgrad.axes import Model
from handgrad.catalogue import CatalogueEntry, entries, functions
from handgrad.certificate.numbers import Point, value
from handgrad.expr import Derivative, Entry

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
THEIRS = {
    "sigmoid": jax.nn.sigmoid, "tanh": jax.numpy.tanh, "relu": jax.nn.relu, "leaky_relu": jax.nn.leaky_relu, "elu": jax.nn.elu,
    "softplus": jax.nn.softplus, "silu": jax.nn.silu, "swish": jax.nn.swish, "gelu": lambda x: jax.nn.gelu(x, approximate=False),
}
POINTS = [Fraction(n, 8) for n in (-37, -16, -5, -1, 1, 7, 22, 40)]


@pytest.mark.parametrize("declared", [e for e in entries("activation") if e.name in THEIRS], ids=lambda e: e.name)
def test_values_and_two_derivatives_agree(declared: CatalogueEntry) -> None:
    x = Entry("x", ())
    call, theirs = declared(x), THEIRS[declared.name]
    with mp.workdps(120):
        for order in range(3):
            for exact in POINTS:
                point = Point(Model({}), functions(), {}, {("x", ()): mpf(exact.numerator) / exact.denominator})
                ours = float(value(Derivative(call, (x,) * order), point, {}))
                assert ours == pytest.approx(float(theirs(float(exact))), rel=1e-11, abs=1e-14)
            theirs = jax.grad(theirs)
