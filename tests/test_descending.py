"""Steps of gradient descent in one call: the same as a call for each step, on every target, and nothing else is changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import handgrad
from handgrad.errors import HandgradError
from handgrad.kernels.building import compiler

NET = "h[j] = sigmoid(b[j] + sum[i](W[i,j]*x[i])); o = sigmoid(c + sum[j](v[j]*h[j])); E = 1/2*(o - t)^2"
MANY = "h[n,j] = tanh(b[j] + sum[i](x[n,i]*W[i,j])); J = mean[n]((sum[j](v[j]*h[n,j]) - y[n])^2)"
TARGETS = [pytest.param("c", marks=pytest.mark.skipif(compiler() is None, reason="there is no C compiler")), "numpy", "python"]


def small() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3), "v": rng.normal(size=3), "c": 0.1, "x": [1.0, 2.0], "t": 0.9}


def many(samples: int) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    return {"W": rng.normal(size=(2, 4)), "b": rng.normal(size=4), "v": rng.normal(size=4), "x": rng.normal(size=(samples, 2)), "y": rng.normal(size=samples)}


def by_hand(text: str, given: dict[str, Any], by: list[str], steps: int, rate: float) -> tuple[list[float], dict[str, Any]]:
    kernel, values, weights = handgrad.compile(text, by=by, target="numpy"), [], {name: np.asarray(given[name]) for name in by}
    for _ in range(steps):
        value, slopes = kernel(**{**given, **weights})
        values.append(value)
        weights = {name: weights[name] - rate*np.asarray(slopes[name]) for name in by}
    return [*values, kernel(**{**given, **weights})[0]], weights


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("text", "given", "by"), [(NET, small(), ["W", "b", "v", "c"]), (MANY, many(40), ["W", "b", "v"]), (MANY, many(3), ["v"])])
def test_all_steps_in_one_call_are_the_steps_one_by_one(target: str, text: str, given: dict[str, Any], by: list[str]) -> None:
    values, weights = handgrad.compile(text, by=by, target=target).descend(25, 0.3, **given)
    wanted, moved = by_hand(text, given, by, 25, 0.3)
    assert len(values) == 26
    assert np.allclose(values, wanted, rtol=1e-13)
    assert list(weights) == by
    for name in by:
        assert np.allclose(weights[name], moved[name], rtol=1e-12)
        assert np.shape(weights[name]) == np.shape(given[name])
    assert values[-1] < values[0]


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_given_stays_as_it_was_and_no_steps_leave_the_weights(target: str) -> None:
    given = small()
    before = given["W"].copy()
    kernel = handgrad.compile(NET, by=["W"], target=target)
    kernel.descend(3, 0.5, **given)
    assert np.array_equal(given["W"], before)
    values, weights = kernel.descend(0, 0.5, **given)
    assert np.array_equal(weights["W"], before)
    assert list(values) == [pytest.approx(kernel(**given)[0], rel=1e-15)]


@pytest.mark.parametrize("target", TARGETS)
def test_further_steps_go_on_from_the_weights_that_were_given_back(target: str) -> None:
    kernel, given = handgrad.compile(NET, by=["W", "b", "v", "c"], target=target), small()
    values, weights = kernel.descend(10, 0.5, **given)
    first, between = kernel.descend(4, 0.5, **given)
    second, after = kernel.descend(6, 0.5, **{**given, **between})
    assert [*first[:-1], *second] == pytest.approx(list(values), rel=1e-14)
    assert np.allclose(after["W"], weights["W"], rtol=1e-14)


@pytest.mark.skipif(compiler() is None, reason="there is no C compiler")
def test_single_precision_descends_in_single_precision() -> None:
    values, weights = handgrad.compile(NET, by=["W"], target="c", dtype="float32").descend(20, 0.5, **small())
    wanted, moved = by_hand(NET, small(), ["W"], 20, 0.5)
    assert weights["W"].dtype == np.float32
    assert np.allclose(values, wanted, rtol=1e-4)
    assert np.allclose(weights["W"], moved["W"], rtol=1e-4)


@pytest.mark.parametrize(("options", "asked", "said"), [
    ({}, (-1, 0.1), "steps = -1"), ({}, (2.0, 0.1), "steps = 2.0"), ({}, (2, float("nan")), "rate = nan"), ({}, (2, "a"), "rate = 'a'"),
    ({"order": 2}, (2, 0.1), "no second derivatives"), ({"of": "h"}, (2, 0.1), "`h` has indices"), ({"cotangent": True}, (2, 0.1), "or a cotangent"),
])
def test_descents_that_mean_nothing_are_refused(options: dict[str, Any], asked: tuple[Any, Any], said: str) -> None:
    kernel = handgrad.compile(NET, by=["W"], target="numpy", **options)
    with pytest.raises(HandgradError) as error:
        kernel.descend(*asked, **small())
    assert said in str(error.value)


def test_an_argument_that_does_not_fit_is_refused_by_name() -> None:
    kernel = handgrad.compile(NET, by=["W"], target="numpy")
    with pytest.raises(HandgradError, match="`t` is missing"):
        kernel.descend(1, 0.1, **{name: value for name, value in small().items() if name != "t"})
