"""Objectives of libraries, without the libraries: derivatives, signs and shapes, labels and weights, surrogates, convexity, and packed vectors."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import handgrad
from handgrad.catalogue import entries
from handgrad.errors import HandgradError
from handgrad.objectives.convexity import sign_of
from handgrad.objectives.definition import Asked, loss_of

BRIER = "p[k] = softmax[k](s[k])\nJ = 1/2*sum[k]((p[k] - y[k])^2)"
SQUARED = "p = sigmoid(s)\nJ = 1/2*(p - y)^2"
LABELS = "J = -sum[i](log(softmax[k](s[i,k])[t[i]]))\nassume t[i] in 1..size(s, 2)"
RIDGE = "z[i] = b + sum[j](w[j]*x[i,j])\nJ = 1/2*sum[i]((z[i] - y[i])^2) + mu/2*sum[j](w[j]^2)"
NET = "h[n,j] = tanh(sum[i](x[n,i]*W[i,j]))\nr[n] = sum[j](h[n,j]*v[j]) - y[n]\nJ = 1/2*sum[n](r[n]^2)"


@dataclass
class Data:
    """A data set as libraries hand it to an objective."""

    label: Any
    weight: Any = ()

    def get_label(self) -> Any:
        return np.asarray(self.label, dtype=np.float32)

    def get_weight(self) -> Any:
        return np.asarray(self.weight, dtype=np.float32)


def scores_for(name: str) -> tuple[Any, Any]:
    """Scores and labels away from kinks, as a library hands them."""
    rng = np.random.default_rng(5)
    if loss_of(Asked(name)).classes:
        return rng.normal(size=(6, 3)), np.array([0.0, 2.0, 1.0, 1.0, 0.0, 2.0])
    return rng.normal(size=6) + 0.25, np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])


LOSSES = [entry.name for entry in entries("loss") if entry.name not in ("kl_divergence", "gaussian_nll")]        # labels above 0; a second score


@pytest.mark.parametrize("to", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("name", LOSSES)
def test_gradient_and_curvature_are_derivatives_of_the_mean_that_is_measured(name: str, to: Any) -> None:
    f = handgrad.objective(name, to=to, surrogate="exact")
    scores, labels = scores_for(name)
    slope, second = f(labels, scores)
    assert slope.shape == second.shape == scores.shape
    for at in np.ndindex(scores.shape):
        step = np.zeros(scores.shape)
        step[at] = 1e-5
        ups, downs = ((f.mean(labels, scores + sign*step), f(labels, scores + sign*step)[0][at]) for sign in (1, -1))
        assert (ups[0] - downs[0])*len(labels)/2e-5 == pytest.approx(slope[at], abs=1e-8)
        assert (ups[1] - downs[1])/2e-5 == pytest.approx(second[at], abs=1e-8)


@pytest.mark.parametrize("to", ["xgboost", "lightgbm"])
def test_both_ways_of_calling_give_the_same_and_weights_multiply(to: Any) -> None:
    f = handgrad.objective("binary_cross_entropy_with_logits", to=to)
    scores, labels, weights = np.array([0.3, -1.0, 2.0]), np.array([1.0, 0.0, 0.0]), np.array([1.0, 2.0, 0.5])
    bare, weighed = f(labels, scores), f(labels, scores, weights)
    p = 1/(1 + np.exp(-scores))
    assert np.allclose(bare, (p - labels, p*(1 - p)), rtol=1e-15)
    assert np.allclose(weighed, [part*weights for part in bare], rtol=1e-15)
    assert np.array_equal(f(scores, Data(labels)), bare)
    assert np.array_equal(f(scores, Data(labels, weights)), weighed)
    losses = np.log1p(np.exp(scores)) - labels*scores
    assert f.mean(labels, scores, weights) == pytest.approx((losses*weights).sum()/weights.sum())


def test_metrics_are_handed_over_as_each_library_asks() -> None:
    scores, labels = np.array([0.3, -1.0]), np.array([1.0, 0.0])
    x, g = (handgrad.objective("l2", to=to) for to in ("xgboost", "lightgbm"))
    value = ((scores - labels)**2).mean()/2
    assert x.metric(scores, Data(labels)) == ("mean_J", pytest.approx(value))
    assert x.metric(labels, scores) == pytest.approx(value)
    assert x.metric.__name__ == "mean_J"
    assert g.metric(scores, Data(labels)) == g.metric(labels, scores) == ("mean_J", pytest.approx(value), False)


def test_flat_scores_hold_samples_together_for_xgboost_and_classes_for_lightgbm() -> None:
    scores, labels = np.arange(6.0).reshape(3, 2)**2/10, np.array([0, 1, 1])
    x, g = (handgrad.objective(LABELS, to=to, by="s", samples="i") for to in ("xgboost", "lightgbm"))
    slope, second = x(labels, scores)
    assert np.array_equal(x(labels, scores.ravel())[0], slope.ravel())
    assert np.array_equal(g(labels, scores)[0], slope)
    assert np.array_equal(g(labels, scores.ravel(order="F"))[0], slope.ravel(order="F"))
    assert np.array_equal(g(labels, scores.ravel(order="F"))[1], second.ravel(order="F"))


def test_a_model_of_one_sample_and_a_sum_over_samples_are_the_same_objective() -> None:
    one = handgrad.objective("p[k] = softmax[k](s[k])\nJ = -sum[k](y[k]*log(p[k]))\nassume sum[k](y[k]) == 1", to="xgboost", by="s")
    many = handgrad.objective(LABELS, to="xgboost", by="s", samples="i")
    scores, labels = np.random.default_rng(0).normal(size=(5, 4)), np.array([3, 0, 1, 2, 2])
    assert np.allclose(one(labels, scores), many(labels, scores), rtol=1e-14)


# ---------------------------------------------------------------- labels


def test_labels_become_what_the_model_says_they_are() -> None:
    hinge = handgrad.objective("hinge", to="lightgbm", surrogate="clip", floor=1.0)
    scores = np.array([0.5, 0.5])
    assert np.array_equal(hinge([0, 1], scores)[0], [1.0, -1.0])
    assert np.array_equal(hinge([-1, 1], scores)[0], [1.0, -1.0])
    with pytest.raises(HandgradError, match=r"holds 2, and the model says that it is one of -1, 1"):
        hinge([2, 1], scores)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], [0.5, 1]])
def test_a_class_that_does_not_exist_is_refused(labels: list[float]) -> None:
    f = handgrad.objective(LABELS, to="xgboost", by="s", samples="i")
    with pytest.raises(HandgradError, match="classes run from 0 to 2"):
        f(labels, np.zeros((2, 3)))


def test_arguments_that_do_not_fit_are_refused_by_name() -> None:
    f = handgrad.objective("l2", to="xgboost")
    with pytest.raises(HandgradError, match=r"`sample_weight` has shape \(3,\)"):
        f([0, 1], np.zeros(2), [1, 1, 1])
    with pytest.raises(HandgradError, match=r"`yhat` has shape \(2, 2\)"):
        f([0, 1], np.zeros((2, 2)))
    assert f([], np.zeros(0))[0].shape == (0,)
    assert f.mean([], np.zeros(0)) == 0.0


# ---------------------------------------------------------------- convexity and surrogates


@pytest.mark.parametrize(("model", "verdict"), [
    ("J = 1/2*(s - y)^2", "positive"), ("J = exp(s) - y*s", "positive"), ("J = log(cosh(s - y))", "positive"), ("J = softplus(s) - y*s", "positive"),
    ("J = (s - y)^4", "nowhere negative"), ("J = sqrt(1 + (s - y)^2)", "nowhere negative"), ("J = y*exp(-s) + s; assume y >= 0", "nowhere negative"),
    ("J = max(0, 1 - y*s)^2", "nowhere negative"), ("J = abs(s - y)", "zero"), (SQUARED, "negative"), ("J = log(1 + (s - y)^2)", "negative"),
    ("J = -(s - y)^2", "negative"), ("J = (s - y)^2/(1 + (s - y)^2)", "negative"),
])
def test_the_sign_of_the_second_derivative_is_proved_or_refuted_at_a_point(model: str, verdict: str) -> None:
    loss = loss_of(Asked(model, score="s"))
    found = sign_of(loss, loss.diagonal())
    assert found.verdict == verdict
    if verdict == "negative":
        kernel = handgrad.compile(model, by=["s"], order=2)
        point = {name: float(found.point.get(name, 0)) for name in kernel.inputs}
        assert float(kernel(**point)[2]["s", "s"]) == pytest.approx(float(found.value), rel=1e-4)
        assert float(found.value) < 0


def test_what_is_not_convex_is_refused_until_a_surrogate_is_named() -> None:
    with pytest.raises(HandgradError, match=r"not convex in `s`: at s = .*the second derivative is -0"):
        handgrad.objective(SQUARED, to="xgboost", by="s")
    with pytest.raises(HandgradError, match="is 0: a step has no length"):
        handgrad.objective("pinball", to="xgboost")
    assert handgrad.objective(SQUARED, to="xgboost", by="s", surrogate="exact")([0.0], [3.0])[1] < 0


def test_each_surrogate_is_what_its_name_says() -> None:
    scores, labels = np.linspace(-4, 4, 9), np.array([0.0, 1, 0, 1, 0, 1, 0, 1, 0])
    p = 1/(1 + np.exp(-scores))
    exact = (p*(1 - p))**2 + (p - labels)*p*(1 - p)*(1 - 2*p)
    wanted = {"exact": exact, "clip": np.maximum(exact, 1e-6), "bound": np.abs(exact), "gauss-newton": (p*(1 - p))**2, "expected": (p*(1 - p))**2}
    for name, curvature in wanted.items():
        through = "p" if name in ("gauss-newton", "expected") else None
        f = handgrad.objective(SQUARED, to="xgboost", by="s", surrogate=name, through=through)  # type: ignore[call-overload]
        assert np.allclose(f(labels, scores)[1], curvature, rtol=1e-12), name
        assert name == "exact" or (f(labels, scores)[1] >= 0).all()


def hessian(scores: Any, labels: Any) -> Any:
    kernel = handgrad.compile(BRIER, by=["s"], order=2)
    return kernel(s=scores, y=np.eye(len(scores))[int(labels)])[2]["s", "s"]


def test_surrogates_over_classes() -> None:
    scores, labels = np.random.default_rng(1).normal(size=(8, 3))*2, np.array([0, 1, 2, 0, 1, 2, 0, 1])
    whole = [hessian(s, y) for s, y in zip(scores, labels, strict=True)]
    found = {name: handgrad.objective(BRIER, to="lightgbm", by="s", surrogate=name, through=through)(labels, scores)[1]  # type: ignore[call-overload]
             for name, through in (("exact", None), ("bound", None), ("gauss-newton", "p"), ("expected", "p"))}
    assert np.allclose(found["exact"], [np.diag(h) for h in whole], atol=1e-14)
    assert np.allclose(found["bound"], [np.abs(h).sum(1) for h in whole], atol=1e-14)
    assert all(np.linalg.eigvalsh(np.diag(b) - h)[0] >= -1e-12 for b, h in zip(found["bound"], whole, strict=True))
    p = np.exp(scores)/np.exp(scores).sum(1, keepdims=True)
    slopes = p[:, :, None]*(np.eye(3) - p[:, None, :])
    assert np.allclose(found["gauss-newton"], (slopes**2).sum(1), atol=1e-14)
    assert np.allclose(found["expected"], (slopes**2).sum(1), atol=1e-14)        # the rest is linear in p - y


@pytest.mark.parametrize(("model", "asked", "said"), [
    (SQUARED, {"surrogate": "gauss-newton", "through": "q"}, "none of its names"),
    (SQUARED, {"surrogate": "gauss-newton"}, "none of its names"),
    (SQUARED, {"surrogate": "expected", "through": "q"}, "the mean of the label `y`"),
    (SQUARED, {"surrogate": "newton"}, "no surrogate 'newton'"),
    (SQUARED, {"surrogate": "bound", "floor": 1.0}, "floor = 1.0 says nothing"),
    (SQUARED, {"surrogate": "clip", "floor": -1.0}, "floor = -1.0 says nothing"),
    (SQUARED, {"surrogate": "clip", "through": "p"}, "through = 'p' says nothing"),
    ("p = sigmoid(s); J = log(1 + (p - y)^2)", {"surrogate": "expected", "through": "p"}, "not linear in the label"),
    ("p = sigmoid(s); J = log(1 + 9*(p - y)^2)", {"surrogate": "gauss-newton", "through": "p"}, "by `p` is not shown"),
    ("J = w*(s - y)^2", {}, "which input is the label is not said: w, y"),
    ("J = w*(s - y)^2", {"label": "y"}, "`w` has no number"),
    ("J[i] = (s[i] - y[i])^2", {"samples": "i"}, "has indices, and a loss is one number"),
    ("J = mean[i]((s[i] - y[i])^2)", {"samples": "i"}, "is no sum over i"),
    ("J = sum[i]((s[i] - y[i])^2)", {"samples": "k"}, "does not have the index k first"),
    ("J = sum[i,k]((s[i,k] - y[i,k])^2)", {}, "say which letter runs over the samples"),
])
def test_questions_without_an_answer_are_refused(model: str, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(HandgradError) as error:
        handgrad.objective(model, to="xgboost", by="s", **asked)
    assert said in str(error.value)


def test_an_activation_is_no_loss_and_other_libraries_are_not_known() -> None:
    with pytest.raises(HandgradError, match="is an activation, and no loss"):
        handgrad.objective("sigmoid", to="xgboost")
    with pytest.raises(HandgradError, match="no library 'catboost'"):
        handgrad.objective("l2", to="catboost")  # type: ignore[call-overload]


def test_an_objective_says_what_it_is() -> None:
    text = str(handgrad.objective(SQUARED, to="xgboost", by="s", surrogate="gauss-newton", through="p"))
    assert "not convex in s: at s = " in text
    assert "Gauss–Newton through p" in text
    assert "+dJ/ds: minimised, summed over samples" in text
    text = str(handgrad.objective(LABELS, to="lightgbm", by="s", samples="i"))
    assert "convex in s: on the diagonal the Hessian is nowhere negative" in text
    assert "1" in text and "flat ones class after class" in text


def test_an_objective_is_copied_and_made_again_from_what_was_asked() -> None:
    f = handgrad.objective("huber", to="lightgbm", given={"delta": 2.0}, surrogate="clip", floor=1.0)
    make, arguments = f.__reduce__()
    assert copy.deepcopy(f) is f
    scores, labels = np.array([0.0, 5.0]), np.array([1.0, 1.0])
    assert np.array_equal(make(*arguments)(labels, scores), f(labels, scores))
    assert np.array_equal(f(labels, scores), [[-1.0, 2.0], [1.0, 1.0]])


# ---------------------------------------------------------------- SciPy


def ridge(**asked: Any) -> Any:
    rng = np.random.default_rng(2)
    return handgrad.objective(RIDGE, to="scipy", start={"w": np.array([1.0, -2.0]), "b": 0.5},
                              given={"x": rng.normal(size=(7, 2)), "y": rng.normal(size=7), "mu": 0.3}, **asked)


def net(**asked: Any) -> Any:
    rng = np.random.default_rng(3)
    return handgrad.objective(NET, to="scipy", start={"W": rng.normal(size=(2, 3)), "v": rng.normal(size=3)},
                              given={"x": rng.normal(size=(9, 2)), "y": rng.normal(size=9)}, **asked)


def test_a_vector_is_packed_in_the_order_of_the_names_each_in_rows() -> None:
    f = net()
    W, v = np.arange(6.0).reshape(2, 3), np.arange(3.0)
    x = f.pack(v=v, W=W)
    assert x.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2]
    assert np.array_equal(f.unpack(x)["W"], W)
    assert np.array_equal(f.unpack(x)["v"], v)
    for arrays, said in (({"W": W}, "`v` is missing"), ({"W": W.T, "v": v}, r"`W` has shape \(3, 2\)"), ({"W": W, "v": v, "u": 1}, "`u` is not packed")):
        with pytest.raises(HandgradError, match=said):
            f.pack(**arrays)
    with pytest.raises(HandgradError, match=r"`x` has shape \(2,\)"):
        f.fun(np.zeros(2))


@pytest.mark.parametrize("make", [ridge, net])
def test_flat_derivatives_are_those_of_central_differences(make: Any) -> None:
    f = make()
    x, unit = f.start, np.eye(len(f.start))*1e-5
    assert np.allclose(f.jac(x), [(f.fun(x + e) - f.fun(x - e))/2e-5 for e in unit], atol=1e-7)
    assert np.allclose(f.hess(x), [(f.jac(x + e) - f.jac(x - e))/2e-5 for e in unit], atol=1e-7)
    p = np.linspace(-1, 2, len(x))
    assert np.allclose(f.hessp(x, p), f.hess(x) @ p, rtol=1e-12)
    assert f(x) == f.fun(x)


def test_a_gradient_that_was_handed_out_stays_as_it_was() -> None:
    f = ridge()
    first = f.jac(f.start)
    kept = first.copy()
    f.jac(f.start + 1)
    assert np.array_equal(first, kept)


def test_surrogates_of_a_whole_hessian() -> None:
    x = net().start
    exact = net().hess(x)
    assert np.linalg.eigvalsh(exact)[0] < 0
    clipped = net(surrogate="clip", floor=0.01).hess(x)
    assert np.linalg.eigvalsh(clipped)[0] == pytest.approx(0.01)
    bound = net(surrogate="bound")
    assert np.linalg.eigvalsh(bound.hess(x) - exact)[0] > -1e-12
    p = np.ones(len(x))
    assert np.allclose(bound.hessp(x, p), np.abs(exact).sum(1))
    cut = net(surrogate="gauss-newton", through="r").hess(x)
    slopes = handgrad.compile(NET, of="r", by=["W", "v"])(**net().unpack(x), **net().given)[1]
    jacobian = np.concatenate([slopes["W"].reshape(9, 6), slopes["v"]], axis=1)
    assert np.allclose(cut, jacobian.T @ jacobian, atol=1e-12)


def test_gauss_and_newton_keep_what_the_loss_says_of_the_weights_themselves() -> None:
    f = ridge(surrogate="gauss-newton", through="z")
    assert np.allclose(f.hess(f.start), ridge().hess(f.start), atol=1e-12)        # z is affine: nothing is left out


def test_convexity_in_the_weights_is_proved_where_the_scores_are_affine() -> None:
    assert ridge().convexity == ("convex in w, b: convex in z, w, and z is affine", True)
    assert net().convexity[0].startswith("not convex in W, v: at the start the least eigenvalue of the Hessian is -")


@pytest.mark.parametrize(("asked", "said"), [
    ({"surrogate": "expected"}, "no surrogate 'expected' for SciPy"),
    ({"surrogate": "gauss-newton"}, "through = None says nothing"),
    ({"surrogate": "gauss-newton", "through": "h"}, "mixes"),
    ({"surrogate": "gauss-newton", "through": "x"}, "`x` is no name between"),
    ({"floor": 1.0}, "floor = 1.0 says nothing"),
])
def test_a_surrogate_that_has_no_meaning_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(HandgradError) as error:
        net(**asked)
    assert said in str(error.value)


def test_what_is_missing_for_scipy_is_said_when_it_is_made() -> None:
    with pytest.raises(HandgradError, match="`y` is missing"):
        handgrad.objective(RIDGE, to="scipy", start={"w": [1.0], "b": 0.0}, given={"x": [[1.0]], "mu": 0.0})
    with pytest.raises(HandgradError, match="`u` is no input"):
        handgrad.objective(RIDGE, to="scipy", start={"u": [1.0]})
