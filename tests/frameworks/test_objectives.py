"""Objectives train what the libraries train with losses of their own: on data sets of scikit-learn, tree by tree and to the same optimum."""

from __future__ import annotations

import copy
from typing import Any

import lightgbm
import numpy as np
import pytest
import scipy.optimize
import xgboost
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import handgrad

LOGISTIC = "p = sigmoid(s)\nJ = -(y*log(p) + (1 - y)*log(1 - p))\nassume y >= 0\nassume y <= 1"
SOFTMAX = "J = -sum[i](log(softmax[k](s[i,k])[t[i]]))\nassume t[i] in 1..size(s, 2)"
PSEUDO_HUBER = "J = delta^2*(sqrt(1 + ((s - y)/delta)^2) - 1)\nassume delta > 0"
REGRESSION = """
z[i] = b + sum[j](w[j]*x[i,j])
p[i] = sigmoid(z[i])
J = -sum[i](y[i]*log(p[i]) + (1 - y[i])*log(1 - p[i])) + 1/2*sum[j](w[j]^2)
"""
CLASSES = """
z[i,k] = b[k] + sum[j](W[j,k]*x[i,j])
J = -sum[i](log(softmax[k](z[i,k])[t[i]])) + 1/2*sum[j](sum[k](W[j,k]^2))
assume t[i] in 1..size(z, 2)
"""
TREES = {"max_depth": 3, "eta": 0.2, "base_score": 0.5, "nthread": 1}
LEAVES = {"num_leaves": 15, "verbose": -1, "num_threads": 1, "boost_from_average": False, "deterministic": True}


def split(load: Any) -> tuple[Any, Any, Any, Any]:
    x, y = load(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.3, random_state=0)
    return train_x, train_y, test_x, test_y


def weights(count: int) -> Any:
    return np.random.default_rng(0).uniform(0.5, 2.0, count)


# ---------------------------------------------------------------- XGBoost


def test_xgboost_grows_the_trees_of_its_own_logistic_loss() -> None:
    x, y, test_x, test_y = split(load_breast_cancer)
    data, test = xgboost.DMatrix(x, y, weight=weights(len(y))), xgboost.DMatrix(test_x, test_y)
    f = handgrad.objective(LOGISTIC, to="xgboost", by="s")
    own = xgboost.train({**TREES, "objective": "binary:logistic"}, data, 40).predict(test, output_margin=True)
    seen: dict[str, Any] = {}
    ours = xgboost.train({**TREES, "base_score": 0.0}, data, 40, obj=f, custom_metric=f.metric, evals=[(test, "test")], evals_result=seen, verbose_eval=False)
    found = ours.predict(test, output_margin=True)
    assert np.allclose(found, own, atol=1e-5)
    assert ((found > 0) == test_y).mean() > 0.93
    losses = np.logaddexp(0, found) - test_y*found
    assert seen["test"]["mean_J"][-1] == pytest.approx(losses.mean(), abs=2e-6)


def test_an_estimator_of_xgboost_takes_the_same_objective() -> None:
    x, y, test_x, test_y = split(load_breast_cancer)
    f = handgrad.objective(LOGISTIC, to="xgboost", by="s")
    asked = {"n_estimators": 40, "max_depth": 3, "learning_rate": 0.2, "n_jobs": 1}
    ours = clone(xgboost.XGBClassifier(objective=f, eval_metric=f.metric, **asked))
    ours.fit(x, y, sample_weight=weights(len(y)), eval_set=[(test_x, test_y)], verbose=False)
    own = xgboost.XGBClassifier(base_score=0.5, **asked).fit(x, y, sample_weight=weights(len(y)))
    assert np.allclose(ours.predict(test_x, output_margin=True), own.predict(test_x, output_margin=True), atol=1e-5)
    assert "mean_J" in ours.evals_result()["validation_0"]


def test_the_diagonal_bound_is_what_xgboost_takes_over_classes() -> None:
    x, y, test_x, test_y = split(load_wine)
    data, test = xgboost.DMatrix(x, y), xgboost.DMatrix(test_x)
    asked = {**TREES, "num_class": 3}
    own = xgboost.train({**asked, "objective": "multi:softprob"}, data, 20).predict(test, output_margin=True)
    f = handgrad.objective(SOFTMAX, to="xgboost", by="s", samples="i", surrogate="bound")
    found = xgboost.train(asked, data, 20, obj=f).predict(test, output_margin=True)
    assert np.allclose(found, own, atol=1e-5)
    assert (found.argmax(1) == test_y).mean() > 0.9


def test_xgboost_reaches_its_own_pseudo_huber_loss() -> None:
    x, y, test_x, _ = split(load_diabetes)
    data, test = xgboost.DMatrix(x, y - 140), xgboost.DMatrix(test_x)
    f = handgrad.objective(PSEUDO_HUBER, to="xgboost", by="s", label="y", given={"delta": 30.0})
    asked = {**TREES, "base_score": 0.0}
    own = xgboost.train({**asked, "objective": "reg:pseudohubererror", "huber_slope": 30.0}, data, 40).predict(test)
    assert np.allclose(xgboost.train(asked, data, 40, obj=f).predict(test), own, atol=1e-3)


# ---------------------------------------------------------------- LightGBM


@pytest.mark.parametrize("weighed", [False, True])
def test_lightgbm_grows_the_trees_of_its_own_logistic_loss(weighed: bool) -> None:
    x, y, test_x, test_y = split(load_breast_cancer)
    weight = weights(len(y)) if weighed else None
    f = handgrad.objective(LOGISTIC, to="lightgbm", by="s")
    own = lightgbm.train({**LEAVES, "objective": "binary"}, lightgbm.Dataset(x, y, weight=weight), 40).predict(test_x, raw_score=True)
    seen: dict[str, Any] = {}
    data = lightgbm.Dataset(x, y, weight=weight)
    ours = lightgbm.train({**LEAVES, "objective": f}, data, 40, valid_sets=[lightgbm.Dataset(test_x, test_y, reference=data)], feval=f.metric,
                          callbacks=[lightgbm.record_evaluation(seen)])
    found = ours.predict(test_x, raw_score=True)
    assert np.allclose(found, own, atol=1e-9)
    assert seen["valid_0"]["mean_J"][-1] == pytest.approx((np.logaddexp(0, found) - test_y*found).mean(), rel=1e-9)
    estimator = lightgbm.LGBMClassifier(objective=f, n_estimators=40, num_leaves=15, verbose=-1, n_jobs=1).fit(x, y, sample_weight=weight)
    assert np.allclose(estimator.predict(test_x, raw_score=True), own, atol=1e-9)


def test_lightgbm_reaches_its_own_loss_over_classes() -> None:
    """Its own curvature is K/(K - 1) times ours, so that its trees are others."""
    x, y, test_x, test_y = split(load_digits)
    asked = {**LEAVES, "num_class": 10, "learning_rate": 0.2}
    f = handgrad.objective(SOFTMAX, to="lightgbm", by="s", samples="i")
    own = lightgbm.train({**asked, "objective": "multiclass"}, lightgbm.Dataset(x, y), 15).predict(test_x, raw_score=True)
    found = lightgbm.train({**asked, "objective": f}, lightgbm.Dataset(x, y), 15).predict(test_x, raw_score=True)
    assert found.shape == own.shape
    assert (found.argmax(1) == test_y).mean() >= (own.argmax(1) == test_y).mean() - 0.01
    assert f.mean(test_y, found) <= 1.05*f.mean(test_y, own)


def test_lightgbm_grows_the_trees_of_its_own_huber_loss() -> None:
    x, y, test_x, _ = split(load_diabetes)
    f = handgrad.objective("huber", to="lightgbm", given={"delta": 30.0}, surrogate="clip", floor=1.0)
    own = lightgbm.train({**LEAVES, "objective": "huber", "alpha": 30.0}, lightgbm.Dataset(x, y - 140), 60).predict(test_x)
    found = lightgbm.train({**LEAVES, "objective": f}, lightgbm.Dataset(x, y - 140), 60).predict(test_x)
    assert np.allclose(found, own, atol=1e-9)


def test_a_model_with_our_quantile_loss_covers_the_quantile() -> None:
    x, y, _, _ = split(load_diabetes)
    f = handgrad.objective("pinball", to="lightgbm", given={"tau": 0.8}, surrogate="clip", floor=1.0)
    found = lightgbm.train({**LEAVES, "objective": f, "learning_rate": 20.0}, lightgbm.Dataset(x, y - 140), 300).predict(x)
    assert (found > y - 140).mean() == pytest.approx(0.8, abs=0.06)


def test_our_quantile_loss_reaches_that_of_lightgbm_which_refits_its_leaves() -> None:
    x, y = load_diabetes(return_X_y=True)
    x, test_x, y, test_y = train_test_split(x, y, random_state=0)
    asked = {"num_leaves": 7, "min_data_in_leaf": 10, "verbosity": -1, "num_threads": 1, "deterministic": True}
    f = handgrad.objective("pinball", to="lightgbm", given={"tau": 0.8}, surrogate="clip", floor=1.0)
    own = lightgbm.train({**asked, "objective": "quantile", "alpha": 0.8, "learning_rate": 0.1}, lightgbm.Dataset(x, y), 60).predict(test_x)
    found = lightgbm.train({**asked, "objective": f, "learning_rate": 5.0}, lightgbm.Dataset(x, y - 150), 60).predict(test_x) + 150
    lost = [np.mean(np.maximum(0.8*(test_y - s), -0.2*(test_y - s))) for s in (own, found)]
    assert lost[1] <= 1.03*lost[0]


# ---------------------------------------------------------------- SciPy


def test_convexity_is_told_at_any_place() -> None:
    bent = handgrad.objective("J = 1/4*x^4 - 1/2*x^2", to="scipy", start={"x": 2.0}, given={})
    assert "at the start no eigenvalue" in bent.convexity[0]
    assert bent.convexity_at([0.0]) == ("not convex in x: there the least eigenvalue of the Hessian is -1", False)
    ridge = handgrad.objective("z[i] = w[i] - y[i]; J = sum[i](z[i]^2)", to="scipy", start={"w": np.zeros(2)}, given={"y": np.ones(2)})
    assert ridge.convexity_at([1.0, 1.0]) == ridge.convexity and ridge.convexity[1]


@pytest.mark.parametrize("asked", [{"method": "BFGS"}, {"method": "trust-exact", "hess": True}, {"method": "Newton-CG", "hessp": True},
                                   {"method": "trust-constr", "hess": True}, {"method": "dogleg", "hess": True}])
def test_scipy_finds_the_logistic_regression_of_scikit_learn(asked: dict[str, Any]) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    f = handgrad.objective(REGRESSION, to="scipy", start={"w": np.zeros(30), "b": 0.0}, given={"x": x, "y": y})
    assert f.convexity[1]
    derivatives = {name: getattr(f, name) for name in asked if name != "method"}
    found = scipy.optimize.minimize(f.fun, f.start, jac=f.jac, method=asked["method"], **derivatives)
    own = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(x, y)
    assert np.allclose(f.unpack(found.x)["w"], own.coef_[0], atol=2e-3)
    assert found.fun <= f.fun(f.pack(w=own.coef_[0], b=own.intercept_[0])) + 1e-4


def test_scipy_finds_the_softmax_regression_of_scikit_learn() -> None:
    x, t = load_wine(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    f = handgrad.objective(CLASSES, to="scipy", start={"W": np.zeros((13, 3)), "b": np.zeros(3)}, given={"x": x, "t": t + 1})
    found = scipy.optimize.minimize(f.fun, f.start, jac=f.jac, hessp=f.hessp, method="trust-krylov")
    own = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(x, t)
    assert np.allclose(f.unpack(found.x)["W"].T, own.coef_, atol=1e-3)


def test_derivatives_are_those_of_finite_differences() -> None:
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)[:50, :6]
    f = handgrad.objective(REGRESSION, to="scipy", start={"w": np.linspace(-1, 1, 6), "b": 0.2}, given={"x": x, "y": y[:50]})
    assert scipy.optimize.check_grad(f.fun, f.jac, f.start) < 1e-4
    numeric = scipy.optimize.approx_fprime(f.start, f.jac, 1e-7)
    assert np.allclose(f.hess(f.start), numeric, atol=1e-4)


def test_an_objective_can_be_copied_as_estimators_copy_their_parameters() -> None:
    f = handgrad.objective(LOGISTIC, to="xgboost", by="s")
    assert copy.deepcopy(f) is f
