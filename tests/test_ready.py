"""The functions of the catalogue over arrays: values and gradients of ball arithmetic, laws of reductions, weights and labels, refusals in words."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import handgrad
from handgrad import activations, losses
from handgrad.catalogue import entries
from handgrad.catalogue.elementary import exp, log
from handgrad.catalogue.entry import forgotten, total
from handgrad.catalogue.models import model as text_of
from handgrad.catalogue.models import spelling
from handgrad.errors import HandgradError
from handgrad.kernels.building import compiler
from handgrad.kernels.ready import calling
from handgrad.kernels.ready.callables import Activation, Loss, Ready
from handgrad.kernels.ready.wording import along_axis, is_linear, labels_of
from handgrad.kernels.sizes import ArgumentError
from support_kernels import EPSILON, places, truths

LOSSES = [getattr(losses, e.name) for e in entries("loss")]
ACTIVATIONS = [getattr(activations, e.name) for e in entries("activation")]
EVERY = [*LOSSES, *ACTIVATIONS]
OVER_CLASSES = [f for f in LOSSES if len(along_axis(f.entry)) > 1]
C = pytest.param("c", marks=pytest.mark.skipif(compiler() is None, reason="no C compiler on this machine"))
CE = losses.softmax_cross_entropy
N, K = 6, 4


def title(f: Ready) -> str:
    return f.entry.name


def arguments(f: Ready, seed: int = 0, n: tuple[int, ...] = (N,)) -> dict[str, Any]:
    """Arguments within their domains: each sample its own scores and targets, parameters as numbers."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    defaults = f.entry.facet.defaults
    for name in f.entry.function.parameters:
        where = " ".join(f.entry.facet.where)
        if name in labels_of(f.entry):
            found[name] = rng.integers(0, K, n)
        elif name in along_axis(f.entry) and name == "targets":
            found[name] = rng.dirichlet(np.ones(K), n)
        elif name in along_axis(f.entry):
            found[name] = rng.normal(size=(*n, K))
        elif name in ("scores", "x"):
            found[name] = rng.normal(size=n)*2
        elif name == "targets":
            found[name] = rng.choice([-1.0, 1.0], n) if "{-1, 1}" in where else rng.integers(0, 2, n)*1.0
        else:
            found[name] = 0.7 if name not in defaults or defaults[name] == "1" else float(number(defaults[name]))
    return found


def number(text: str) -> float:
    above, _, below = text.partition("/")
    return float(above)/float(below or 1)


def differentiable(f: Ready) -> tuple[str, ...]:
    return tuple(name for name in f.entry.function.parameters if name not in labels_of(f.entry))


@pytest.fixture(params=["numpy", C])
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to compute, whatever the size: each function forgets what it compiled."""
    monkeypatch.setattr(calling, "PAYS", 0 if request.param == "c" else 1 << 62)
    return str(request.param)


# ---------------------------------------------------------------- against the truth


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("f", EVERY, ids=title)
def test_value_and_gradients_are_those_of_ball_arithmetic(f: Ready, dtype: str) -> None:
    asked = handgrad.model(text_of(f.entry))
    kernel = handgrad.compile(asked, target="numpy")
    spelled = spelling(f.entry)
    met = 0
    for place in places(kernel, asked, range(6), dtype):
        given = {name: _as(place.inputs[spelled[name]], dtype) for name in f.entry.function.parameters}
        given = {name: value - 1 if name in labels_of(f.entry) else value for name, value in given.items()}
        further = {"reduction": "sum"} if isinstance(f, Loss) else {}
        value, slopes = f.value_and_grad(**given, by=differentiable(f), **further)
        found = {"value": value, **{spelled[name]: slope for name, slope in slopes.items()}}
        for key, true in truths(place, kernel, kernel.program.value):
            met += near(found[key], true, dtype)
    assert met > 4


def _as(value: Any, dtype: str) -> Any:
    return value if value.dtype.kind == "i" else value.astype(dtype)


def near(found: Any, true: np.ndarray[Any, Any], dtype: str) -> int:
    """Whether what is known of the truth is met: in float64 to 64 units of the last place of the largest entry, in float32 to one."""
    assert np.shape(found) == true.shape
    known = np.isfinite(true)
    if known.any():
        apart = np.abs(np.asarray(found, dtype=float) - true)[known]
        units = 64 if dtype == "float64" else 1
        assert apart.max() <= units*EPSILON[dtype]*max(float(np.abs(true[known]).max()), 1e-290), f"{found} and not {true}"
    return int(known.any())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_confident_logits_keep_their_digits(dtype: str, target: str) -> None:
    right = {40.0: 4.248354255291589e-18, 80.0: 1.8048513878454153e-35}
    for gap, small in right.items():
        scores = np.array([[gap, 0.0], [0.0, gap]], dtype=dtype)
        for targets in ([0, 1], np.eye(2, dtype=dtype), np.eye(2, dtype=int)):
            value, slope = CE.value_and_grad(scores, targets, reduction="none")
            assert value == pytest.approx([small]*2, rel=8*EPSILON[dtype])
            assert slope.tolist() == pytest.approx(np.array([[-small, small], [small, -small]]), rel=8*EPSILON[dtype])
        values, slopes = activations.sigmoid.value_and_grad(np.array([gap, -gap], dtype=dtype))
        assert slopes == pytest.approx([small, small], rel=8*EPSILON[dtype]) and values[1] == pytest.approx(small, rel=8*EPSILON[dtype])
        pair = activations.softmax.value_and_grad(scores[0])[1]
        assert pair == pytest.approx(np.array([[small, -small], [-small, small]]), rel=8*EPSILON[dtype])
        assert losses.binary_cross_entropy_with_logits.grad(scores.reshape(-1), [1, 0, 0, 1], reduction="sum")[[0, 3]] == pytest.approx([-small]*2, rel=1e-6)


def test_masked_logits_give_exactly_zero(target: str) -> None:
    scores = [[0.0, -np.inf, 0.0]]
    for targets in ([0], [[1.0, 0.0, 0.0]]):
        value, slope = CE.value_and_grad(scores, targets)
        assert value == pytest.approx(np.log(2)) and slope.tolist() == [[-0.5, 0.0, 0.5]]
    assert CE.value_and_grad(scores, [1])[0] == np.inf
    assert activations.softmax(scores).tolist() == [[0.5, 0.0, 0.5]]


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_nan_stays_nan(f: Ready, target: str) -> None:
    given = arguments(f)
    first = f.entry.function.parameters[0]
    given[first][0] = np.nan
    further = {"reduction": "none"} if isinstance(f, Loss) else {}
    value, slope = f.value_and_grad(**given, **further)
    assert np.isnan(value[0]).all() and np.isnan(slope[0]).all()
    assert np.isfinite(value[1:]).all() and np.isfinite(slope[1:]).all()


# ---------------------------------------------------------------- reductions


@pytest.mark.parametrize("f", LOSSES, ids=title)
def test_sum_and_mean_are_those_of_the_losses(f: Loss, target: str) -> None:
    given, by = arguments(f), differentiable(f)
    each, slopes = f.value_and_grad(**given, reduction="none", by=by)
    assert each.shape == (N,) and slopes[by[0]].shape == given[by[0]].shape
    summed, of_total = f.value_and_grad(**given, reduction="sum", by=by)
    mean, of_mean = f.value_and_grad(**given, by=by)
    assert isinstance(summed, float) and summed == pytest.approx(each.sum()) and mean == pytest.approx(each.mean())
    for name in by:
        assert of_total[name] == pytest.approx(slopes[name]) and of_mean[name] == pytest.approx(slopes[name]/N)
    for reduction, value in (("none", each), ("sum", summed), ("mean", mean)):
        assert f(**given, reduction=reduction) == pytest.approx(value)
    assert [f(*[given[p][n:n + 1] if np.ndim(given[p]) else given[p] for p in given]) for n in range(N)] == pytest.approx(each)


@pytest.mark.parametrize("f", LOSSES, ids=title)
def test_a_cotangent_multiplies_the_gradient(f: Loss, target: str) -> None:
    given = arguments(f)
    rng = np.random.default_rng(1)
    slope, upstream = f.grad(**given, reduction="none"), rng.normal(size=N)
    wide = upstream if slope.ndim == 1 else upstream[:, None]
    assert f.grad(**given, reduction="none", cotangent=upstream) == pytest.approx(slope*wide)
    assert f.grad(**given, cotangent=-3.0) == pytest.approx(-3*f.grad(**given))
    assert f.grad(**given, reduction="sum", cotangent=np.float32(0.5)) == pytest.approx(0.5*f.grad(**given, reduction="sum"))


@pytest.mark.parametrize("f", ACTIVATIONS, ids=title)
def test_an_activation_has_a_slope_or_a_jacobian(f: Activation, target: str) -> None:
    given = arguments(f, n=(2, 3))
    x, step = given["x"], 1e-6
    value, slope = f.value_and_grad(**given)
    upstream = np.random.default_rng(2).normal(size=value.shape)
    pulled = f.grad(**given, cotangent=upstream)
    assert f(**given) == pytest.approx(value) and value.shape == x.shape
    if f.entry.is_vector:
        assert slope.shape == (*x.shape, K)
        assert pulled == pytest.approx(np.einsum("abk,abkj->abj", upstream, slope), abs=1e-14)
        unit = np.eye(K)[1]*step
        assert (f(x + unit) - f(x - unit))/(2*step) == pytest.approx(slope[..., 1], abs=1e-8)
    else:
        moved = {**given, "x": x + step}, {**given, "x": x - step}
        assert (f(**moved[0]) - f(**moved[1]))/(2*step) == pytest.approx(slope, abs=1e-8)
        assert pulled == pytest.approx(upstream*slope)


@pytest.mark.parametrize("f", LOSSES, ids=title)
def test_nothing_has_the_sum_0_and_no_mean(f: Loss, target: str) -> None:
    given = {name: value[:0] if np.ndim(value) else value for name, value in arguments(f).items()}
    assert f(**given, reduction="sum") == 0 and np.isnan(f(**given)) and f(**given, reduction="none").shape == (0,)
    value, slope = f.value_and_grad(**given)
    assert np.isnan(value) and slope.shape == next(iter(given.values())).shape


# ---------------------------------------------------------------- weights, masks, labels


@pytest.mark.parametrize("f", LOSSES, ids=title)
def test_the_weighted_mean_is_divided_by_the_weights(f: Loss, target: str) -> None:
    given, weights = arguments(f), np.array([0.5, 0.0, 2.0, 1.0, -0.25, 3.0])
    each, slopes = f.value_and_grad(**given, reduction="none")
    wide = weights if slopes.ndim == 1 else weights[:, None]
    assert f(**given, reduction="none", weights=weights) == pytest.approx(weights*each)
    summed, of_total = f.value_and_grad(**given, reduction="sum", weights=weights)
    mean, of_mean = f.value_and_grad(**given, weights=weights)
    assert summed == pytest.approx((weights*each).sum()) and of_total == pytest.approx(slopes*wide)
    assert mean == pytest.approx(summed/weights.sum()) and of_mean == pytest.approx(of_total/weights.sum())


@pytest.mark.parametrize("filler", [np.nan, np.inf, -np.inf, 0.0, 1e300])
@pytest.mark.parametrize("f", LOSSES, ids=title)
def test_what_is_masked_is_not_looked_at(f: Loss, filler: float, target: str) -> None:
    given, by = arguments(f), differentiable(f)
    mask = np.array([True, False, True, True, False, True])
    spoilt = {name: _spoilt(value, mask, filler) if np.ndim(value) else value for name, value in given.items()}
    kept = {name: value[mask] if np.ndim(value) else value for name, value in given.items()}
    for reduction in ("sum", "mean"):
        value, slopes = f.value_and_grad(**spoilt, mask=mask, reduction=reduction, by=by)
        wanted, right = f.value_and_grad(**kept, reduction=reduction, by=by)
        assert value == pytest.approx(wanted)
        for name in by:
            slope = np.asarray(slopes[name])
            if slope.ndim:
                assert not slope[~mask].any() and slope[mask] == pytest.approx(right[name])
            else:
                assert slope == pytest.approx(right[name])
    assert not f(**spoilt, mask=mask, reduction="none")[~mask].any()


def _spoilt(value: Any, mask: Any, filler: float) -> Any:
    spoilt = value.copy()
    if value.dtype.kind == "f":
        spoilt[~mask] = filler
    return spoilt


@pytest.mark.parametrize("f", [f for f in LOSSES if along_axis(f.entry)], ids=title)
def test_ignored_labels_are_left_out(f: Loss, target: str) -> None:
    scores, labels = arguments(f)["scores"], np.array([3, -7, 0, -7, 1, 2], dtype=np.int32)
    kept = labels != -7
    for reduction in ("none", "sum", "mean"):
        value, slope = f.value_and_grad(scores, labels, reduction=reduction, ignore_index=-7)
        wanted, right = f.value_and_grad(scores[kept], labels[kept], reduction=reduction)
        assert (value[kept] if reduction == "none" else value) == pytest.approx(wanted)
        assert slope[kept] == pytest.approx(right) and not slope[~kept].any()
    everything = np.full(N, -7)
    value, slope = f.value_and_grad(scores, everything, ignore_index=-7)
    assert np.isnan(value) and slope.tolist() == np.zeros((N, K)).tolist()
    assert f(scores, everything, ignore_index=-7, reduction="sum") == 0


@pytest.mark.parametrize("f", OVER_CLASSES, ids=title)
def test_labels_are_one_hot_targets(f: Loss, target: str) -> None:
    scores, labels = arguments(f)["scores"], np.array([3, 0, 1, 2, 2, 0])
    value, slope = f.value_and_grad(scores, labels, reduction="none")
    wanted, right = f.value_and_grad(scores, np.eye(K)[labels], reduction="none")
    assert value == pytest.approx(wanted) and slope == pytest.approx(right)


def test_weights_of_classes_are_those_of_the_labels(target: str) -> None:
    scores, labels, by_class = arguments(CE)["scores"], np.array([3, 0, 1, 2, 2, 0]), np.array([1.0, 2.0, 0.5, 0.0])
    for f in (CE, losses.softmax_cross_entropy_labels):
        value, slope = f.value_and_grad(scores, labels, class_weights=by_class)
        wanted, right = f.value_and_grad(scores, labels, weights=by_class[labels])
        assert value == pytest.approx(wanted) and slope == pytest.approx(right)


@pytest.mark.parametrize("f", [f for f in OVER_CLASSES if is_linear(f.entry)], ids=title)
def test_weights_of_classes_multiply_targets_along_the_axis(f: Loss, target: str) -> None:
    given, by_class = arguments(f), np.array([1.0, 2.0, 0.5, 0.25])
    value, slope = f.value_and_grad(**given, class_weights=by_class)
    wanted, right = f.value_and_grad(given["scores"], given["targets"]*by_class)
    assert value == pytest.approx(wanted) and slope == pytest.approx(right)


def test_smoothed_labels_are_mixed_with_all_classes(target: str) -> None:
    scores, labels, by_class = arguments(CE)["scores"], np.array([3, 0, -1, 2, 2, 0]), np.array([1.0, 2.0, 0.5, 0.75])
    logarithms = np.log(activations.softmax(scores))
    one_hot = np.eye(K)[labels]*(labels >= 0)[:, None]
    soft = (0.9*one_hot + 0.1/K)*by_class
    each = -(soft*logarithms).sum(-1)*(labels >= 0)
    given = {"label_smoothing": 0.1, "class_weights": by_class, "ignore_index": -1}
    assert CE(scores, labels, reduction="none", **given) == pytest.approx(each)
    assert CE(scores, labels, **given) == pytest.approx(each.sum()/by_class[labels[labels >= 0]].sum())
    assert CE(scores, labels, label_smoothing=0.0, ignore_index=-1) == pytest.approx(CE(scores, labels, ignore_index=-1))
    assert CE(scores, one_hot, label_smoothing=0.1) == pytest.approx(-((0.9*one_hot + 0.1/K)*logarithms).sum(-1).mean())


# ---------------------------------------------------------------- shapes and types


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_any_shape_layout_and_type_goes(f: Ready, target: str) -> None:
    given = arguments(f, n=(2, 3))
    first, further = f.entry.function.parameters[0], {"reduction": "none"} if isinstance(f, Loss) else {}
    value, slope = f.value_and_grad(**given, **further)
    wide = np.empty((*given[first].shape, 2))
    wide[..., 0] = given[first]
    for other in (np.asfortranarray(given[first]), wide[..., 0], given[first].astype(">f8"), given[first].tolist()):
        again = f.value_and_grad(**{**given, first: other}, **further)
        assert again[0] == pytest.approx(value, rel=1e-14) and again[1] == pytest.approx(slope, rel=1e-12)
    half = f.value_and_grad(**{**given, first: given[first].astype(np.float16)}, **further)
    assert half[0].dtype == half[1].dtype == np.float16 and half[0] == pytest.approx(value, abs=0.05)
    single = f.value_and_grad(**{**given, first: given[first].astype(np.float32)}, **further)
    assert single[0].dtype == single[1].dtype == np.float32 and single[1] == pytest.approx(slope, rel=1e-3, abs=1e-5)
    if along_axis(f.entry):
        moved = {name: np.moveaxis(v, -1, 0) if name in along_axis(f.entry) else v for name, v in given.items()}
        again = f.value_and_grad(**moved, axis=0, **further)
        assert np.moveaxis(again[1], 0, -1) == pytest.approx(slope) if isinstance(f, Loss) else np.moveaxis(again[0], 0, -1) == pytest.approx(value)


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_one_sample_is_a_number_or_a_row(f: Ready) -> None:
    given = arguments(f, n=(1,))
    alone = {name: value[0].tolist() if np.ndim(value) else value for name, value in given.items()}
    further = {"reduction": "none"} if isinstance(f, Loss) else {}
    value, slope = f.value_and_grad(**alone, **further)
    wanted, right = f.value_and_grad(**given, **further)
    assert value == pytest.approx(wanted[0]) and slope == pytest.approx(right[0])
    if not along_axis(f.entry):
        assert isinstance(value, float) and isinstance(slope, float)


@pytest.mark.parametrize("f", [f for f in LOSSES if not along_axis(f.entry)], ids=title)
def test_an_argument_with_one_number_for_several_samples_is_repeated(f: Loss, target: str) -> None:
    given, by = arguments(f, n=(2, 3)), differentiable(f)
    for name in by[1:]:
        for shape in ((), (3,), (1, 3), (2, 1), (2, 3)):
            value = np.full(shape, np.asarray(given[name]).reshape(-1)[0])
            found, slopes = f.value_and_grad(**{**given, name: value}, by=by, reduction="sum")
            wanted, right = f.value_and_grad(**{**given, name: np.broadcast_to(value, (2, 3))}, by=by, reduction="sum")
            assert found == pytest.approx(wanted) and slopes[by[0]] == pytest.approx(right[by[0]])
            assert np.shape(slopes[name]) == shape and np.sum(slopes[name]) == pytest.approx(np.sum(right[name]))


def test_whole_numbers_and_truth_values_are_numbers() -> None:
    assert losses.l2.value_and_grad(np.array([3, 1], dtype=np.int8), [True, 0], reduction="sum")[1].tolist() == [2.0, 1.0]
    assert losses.l2(True, False) == 0.5
    assert CE(np.zeros((2, 300)), np.array([255, 0], dtype=np.uint8)) == pytest.approx(np.log(300))


class Foreign:
    """An array of another package of the array API, as numpy sees it."""

    def __init__(self, array: Any) -> None:
        self.held = array

    def __array_namespace__(self) -> Any:
        return type("package", (), {"asarray": staticmethod(Foreign)})

    def __dlpack__(self, **options: Any) -> Any:
        return self.held.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.held.__dlpack_device__()


def test_arrays_of_the_array_api_come_back_as_such() -> None:
    scores = np.array([[1.0, 2.0], [0.0, 3.0]], dtype=np.float32)
    value, slope = CE.value_and_grad(Foreign(scores), Foreign(np.array([0, 1])))
    wanted, right = CE.value_and_grad(scores, [0, 1])
    assert isinstance(value, Foreign) and value.held == np.float32(wanted) and (slope.held == right).all()
    with pytest.raises(ArgumentError, match="`out` is for arrays of numpy"):
        CE.value_and_grad(Foreign(scores), [0, 1], out=scores.copy())


# ---------------------------------------------------------------- buffers


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_buffers_are_written_and_handed_back(f: Ready, target: str) -> None:
    given, first = arguments(f), f.entry.function.parameters[0]
    further = {"reduction": "none"} if isinstance(f, Loss) else {}
    value, slope = f.value_and_grad(**given, **further)
    for a, b in ((np.empty_like(value), np.empty_like(slope)), (np.empty((*value.shape, 2))[..., 0], np.empty((*slope.shape, 2))[..., 0])):
        found = f.value_and_grad(**given, out=(a, b), **further)
        assert found[0] is a and found[1] is b and a.tolist() == value.tolist() and b.tolist() == slope.tolist()
        b[...] = np.nan
        assert f.grad(**given, out=b, **further) is b and b.tolist() == slope.tolist()
        a[...] = np.nan
        assert f(**given, out=a, **further) is a and a == pytest.approx(value)
    b = np.empty_like(slope)
    found = f.value_and_grad(**given, by=(first,), out={first: b}, **further)
    assert found[1][first] is b and b.tolist() == slope.tolist()


def test_buffers_that_cannot_be_written_to_are_refused(target: str) -> None:
    x = np.array([1.0, 2.0])
    locked = np.zeros(2)
    locked.flags.writeable = False
    shared = np.zeros(3)
    for buffer, said in ((x, "overlaps"), (x[::-1], "overlaps"), (locked, "read-only"), (np.zeros(3), "has shape"), (np.zeros(2, "f4"), "holds float32"),
                         ([0.0, 0.0], "is list"), ({"targets": np.zeros(2)}, "names 'targets'"), ((None, None, None), "a tuple of 3"),
                         ((shared[1:], shared[:2]), "overlaps")):
        with pytest.raises(ArgumentError, match="`out") as refusal:
            losses.l2.value_and_grad(x, 0.0, reduction="none", out=buffer)
        assert said in str(refusal.value)
    with pytest.raises(ArgumentError, match="several gradients"):
        losses.l2.value_and_grad(x, 0.0, by=("scores", "targets"), out=np.zeros(2))
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_arguments_are_left_alone_and_share_no_memory_with_results(f: Ready, target: str) -> None:
    given = arguments(f)
    before = copy.deepcopy(given)
    further = {"mask": np.arange(N) % 2 == 0} if isinstance(f, Loss) else {}
    _, slope = f.value_and_grad(**given, **further)
    assert all(np.array_equal(given[name], before[name]) for name in given)
    assert not any(np.shares_memory(slope, value) for value in given.values() if isinstance(value, np.ndarray))


# ---------------------------------------------------------------- refusals


A = np.zeros((2, 3))


@pytest.mark.parametrize(("f", "given", "settings", "said"), [
    (CE, (), {}, "`scores` is missing"),
    (CE, (A,), {}, "`targets` is missing"),
    (CE, (A, [0, 1], 1), {}, "takes scores, targets, and 3 arguments are given"),
    (CE, (A, [0, 1]), {"lables": 1}, "`lables` is no argument of"),
    (losses.huber, (1, 2), {"detla": 3}, "did you mean delta?"),
    (losses.huber, (1, 2), {"scores": 3}, "`scores` is given twice"),
    (losses.huber, (1, 2), {"cotangent": 3}, "value_and_grad and grad take it"),
    (losses.huber, (1, 2), {"delta": -1}, "takes delta > 0"),
    (losses.huber, (1, None), {}, "`targets` is None"),
    (losses.huber, ("1", 2), {}, "`scores` holds str"),
    (losses.huber, (1j, 2), {}, "`scores` holds complex128"),
    (losses.huber, (np.array([1, None]), 2), {}, "`scores` holds object"),
    (losses.huber, ([[1, 2], [3]], 2), {}, "`scores` cannot be made an array"),
    (losses.huber, (np.ma.masked_array([1.0], [1]), 2), {}, "`scores` is a masked array"),
    (losses.huber, (np.longdouble(1), 2), {}, "which is not computed in" if np.longdouble is not np.float64 and np.finfo(np.longdouble).bits > 64 else ""),
    (losses.huber, (1, [2, 3]), {}, "`targets` has shape (2,), which does not fit to `scores`, of shape ()"),
    (losses.huber, ([1, 2], [[1, 2], [3, 4]]), {}, "`targets` has shape (2, 2)"),
    (losses.huber, ([[1], [2]], [3, 4]), {}, "`targets` has shape (2,)"),
    (losses.huber, (1, 2), {"reduction": "avg"}, "`reduction` is 'avg'"),
    (losses.huber, (1, 2), {"reduction": ["sum"]}, "`reduction` is ['sum']"),
    (losses.huber, ([1, 2], 2), {"axis": 0}, "does not run along one"),
    (losses.huber, (b"ab", 2), {}, "`scores` holds bytes"),
    (losses.huber, (np.zeros(1, "M8[D]"), 2), {}, "`scores` holds datetime64"),
    (losses.huber, ({1, 2}, 2), {}, "`scores` holds object"),
    (losses.huber, (10**400, 2), {}, "`scores` holds object"),
    (losses.huber, (1, 2), {"label_smoothing": 0.1}, "`label_smoothing` is given"),
    (CE, (A, [0, 1]), {"label_smoothing": float("nan")}, "`label_smoothing` is nan"),
    (CE, (A, [0, None]), {}, "`targets` holds object"),
    (CE, (A, [0, 1]), {"class_weights": 2}, "`class_weights` has shape ()"),
    (losses.huber, (1, 2), {"class_weights": [1, 2]}, "does not run over classes"),
    (losses.huber, (1, 2), {"ignore_index": 2}, "say with `mask`"),
    (losses.huber, ([1, 2], 2), {"mask": [1, 0]}, "`mask` holds integers"),
    (losses.huber, ([1, 2], 2), {"weights": [1, 2, 3]}, "`weights` has shape (3,)"),
    (losses.hinge, ([1, 2], [0, 1]), {}, "takes targets in {-1, 1}"),
    (CE, (1.0, 0), {}, "`scores` is a single number"),
    (CE, (A, [0, 3]), {}, "`targets` holds 3, and labels run from 0 to 2"),
    (CE, (A, [0, -1]), {}, "say ignore_index=-1"),
    (CE, (A, np.array([0, 2**63], dtype=np.uint64)), {}, "`targets` holds 9223372036854775807"),
    (CE, (A, [0, 3]), {"class_weights": [1, 1, 1]}, "`targets` holds 3"),
    (CE, (A, [0, -100]), {"label_smoothing": 0.1, "ignore_index": -1}, "`targets` holds -100"),
    (CE, (A, [0.0, 1.0]), {}, "give labels, integers of shape (2,)"),
    (CE, (A, [[0], [1]]), {}, "holds integers of shape (2, 1)"),
    (CE, (A, [True, False]), {}, "holds booleans of shape (2,)"),
    (CE, (A, [0, 1, 2]), {}, "holds integers of shape (3,)"),
    (CE, (A, [0, 1]), {"class_weights": [1, 2]}, "there are 3 classes"),
    (CE, (A, [0, 1]), {"axis": 2}, "`axis` is 2, and `scores` has 2 axes"),
    (CE, (A, [0, 1]), {"axis": 0.5}, "`axis` is 0.5"),
    (CE, (A, [0, 1]), {"label_smoothing": 1.5}, "a number from 0 to 1"),
    (CE, (A, [0, 1]), {"ignore_index": "x"}, "`ignore_index` is 'x'"),
    (CE, (np.zeros((2, 0)), [0, 0]), {}, "there are no classes"),
    (losses.kl_divergence, (A, A), {"class_weights": [1, 2, 3]}, "not linear in its targets"),
    (losses.cosine, (A, A), {"label_smoothing": 0.1}, "no distribution over classes"),
    (losses.softmax_cross_entropy_labels, (A, A), {}, "`labels` holds floats"),
    (losses.softmax_cross_entropy_labels, (A, [0]), {}, "`labels` has shape (1,)"),
    (activations.sigmoid, (1,), {"reduction": "sum"}, "`reduction` is no argument of"),
    (activations.softmax, (1,), {}, "`x` is a single number"),
])
def test_what_cannot_be_taken_is_refused_by_name(f: Ready, given: tuple[Any, ...], settings: dict[str, Any], said: str) -> None:
    with pytest.raises(HandgradError) as refusal:
        f(*given, **settings)  # type: ignore[operator]
    assert said in str(refusal.value)


@pytest.mark.parametrize(("settings", "said"), [
    ({"by": "z"}, "`by` names 'z'"), ({"by": 3}, "`by` names 3"), ({"by": ()}, "names nothing"), ({"by": "targets"}, "which holds labels"),
    ({"cotangent": [1, 2]}, "the value is one number"),
    ({"cotangent": [1, 2, 3], "reduction": "none"}, "`cotangent` has shape (3,)"), ({"cotangent": "x"}, "`cotangent` holds str"),
])
def test_what_cannot_be_differentiated_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError) as refusal:
        CE.value_and_grad(A, [0, 1], **settings)
    assert said in str(refusal.value)


# ---------------------------------------------------------------- the functions themselves


def test_all_entries_are_there_under_their_names() -> None:
    for module, kind in ((losses, "loss"), (activations, "activation")):
        names = [e.name for e in entries(kind)]
        assert module.__all__ == names and set(names) <= set(dir(module))
        assert all(getattr(module, name).entry.name == name for name in names)
        assert all(getattr(module, name) is getattr(module, name) for name in names)
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            _ = module.nothing


def test_an_entry_declared_later_is_there_until_it_is_forgotten() -> None:
    for factor in (1, 2):
        @handgrad.loss(latex="x")
        def passing(scores: Any, targets: Any) -> Any:
            """Passing loss: a multiple of the distance."""
            return factor*(scores - targets)

        assert "passing" in dir(losses) and losses.passing(3.0, 1.0) == 2*factor
        forgotten("passing")
        assert not hasattr(losses, "passing")


def test_arguments_may_have_any_name_but_that_of_a_keyword() -> None:
    @handgrad.loss(latex="x")
    def named(scores: Any, targets: Any, i: Any, k: Any, G: Any, J: Any, loss: Any, total: Any, weights2: Any) -> Any:
        """Named loss: a product."""
        return (scores - targets)*i*k*G*J*loss*total*weights2

    @handgrad.loss(latex="x")
    def blocked(scores: Any, targets: Any, mask: Any) -> Any:
        """Blocked loss: a product."""
        return (scores - targets)*mask

    try:
        value, slopes = losses.named.value_and_grad([1.0, 2.0], 0, 1, 2, 3, 4, 5, 6, 7, weights=[1, 0], by=("scores", "G"), cotangent=2)
        assert value == 5040 and slopes["scores"].tolist() == [10080, 0] and slopes["G"] == 3360
        assert losses.named.grad([1.0, 2.0], 0, 1, 2, 3, 4, 5, 6, 7, reduction="none", cotangent=[1, 2]).tolist() == [5040, 10080]
        with pytest.raises(HandgradError, match="`mask` of blocked has the name of a keyword"):
            _ = losses.blocked
    finally:
        forgotten("named")
        forgotten("blocked")


def test_a_loss_over_classes_may_have_a_parameter_for_each_sample(target: str) -> None:
    @handgrad.loss(latex="x", along="k", where=("tau > 0",), defaults={"tau": "2"})
    def tempered(k: Any, scores: Any, targets: Any, tau: Any) -> Any:
        """Tempered loss: cross-entropy of scores divided by a temperature."""
        return total(k, targets)*log(total(k, exp(scores/tau))) - total(k, targets*scores/tau)

    try:
        given, labels, tau = arguments(CE), np.array([3, 0, 1, 2, 2, 0]), np.linspace(0.5, 2, N)
        assert losses.tempered(given["scores"], labels) == pytest.approx(CE(given["scores"]/2, labels))
        value, slopes = losses.tempered.value_and_grad(given["scores"], labels, tau=tau, by=("scores", "tau"), reduction="none")
        assert value == pytest.approx(CE(given["scores"]/tau[:, None], labels, reduction="none"))
        assert slopes["scores"] == pytest.approx(CE.grad(given["scores"]/tau[:, None], labels, reduction="none")/tau[:, None])
        assert slopes["tau"] == pytest.approx(-(slopes["scores"]*given["scores"]).sum(-1)/tau)
    finally:
        forgotten("tempered")


def test_overflow_is_silent_and_infinite() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert losses.huber(np.float16([60000.0]), -60000.0) == np.inf
        assert losses.l2.value_and_grad(np.float32([1.0]), 1e300)[1].tolist() == [-np.inf]
        assert np.isinf(losses.l2([1e200], 0, weights=[1e300]))


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_a_function_says_what_it_is_and_can_be_pickled(f: Ready) -> None:
    assert f.__doc__ == f.entry.manual and f.__name__ == f.entry.name and f.entry.name in repr(f)
    assert tuple(inspect.signature(f).parameters)[:len(f.entry.function.parameters)] == f.entry.function.parameters
    assert pickle.loads(pickle.dumps(f)) is f and copy.copy(f) is f


@pytest.mark.parametrize("f", LOSSES, ids=title)
def test_the_model_is_what_is_computed(f: Loss) -> None:
    given = arguments(f)
    for settings in ({"reduction": "sum"}, {"reduction": "mean"}, {"reduction": "none"}, {"weights": np.arange(1.0, 7.0), "reduction": "sum"}):
        kernel = handgrad.compile(f.model(**given, **settings), by="scores", target="numpy")
        inputs = {name: value + 1 if name in labels_of(f.entry) else value for name, value in given.items()}
        further = {"weights": np.arange(1.0, 7.0)} if "weights" in settings else {}
        assert kernel(**inputs, **further)[0] == pytest.approx(f(**given, **settings))


def test_a_function_is_compiled_once_for_each_kind_of_arguments() -> None:
    f = losses.pinball
    f.calls.kernels.clear()
    for n in (1, 2, 3):
        f.value_and_grad(np.ones(n), np.zeros(n), tau=n/7)
    assert len(f.calls.kernels) == 1
    f.value_and_grad(np.ones(2, dtype=np.float32), np.zeros(2))
    f.value_and_grad(np.ones(2), 0.0)
    assert len(f.calls.kernels) == 3


@pytest.mark.skipif(compiler() is None, reason="no C compiler on this machine")
def test_long_arrays_are_computed_in_compiled_code() -> None:
    f = losses.l1
    f.calls.kernels.clear()
    x = np.linspace(-1, 1, calling.PAYS)
    assert f.grad(x, 0.0, reduction="none").tolist() == np.sign(x).tolist()
    assert [kernel.target.name for kernel in f.calls.kernels.values()] == ["c"]


RUN = """
import sys
import handgrad.losses, handgrad.activations
assert "numpy" not in sys.modules and "torch" not in sys.modules
from handgrad.losses import huber
repr(huber), huber.model()
assert "numpy" not in sys.modules
sys.modules["numpy"] = None
try:
    huber(1.0, 2.0)
except handgrad.HandgradError as error:
    print(error)
"""


def test_numpy_is_loaded_when_it_is_needed_and_missed_in_words() -> None:
    told = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "pip install 'handgrad[run]'" in told.stdout


def test_the_domain_is_told_of_what_counts_alone() -> None:
    assert losses.hinge([1.0, 2.0], [1, 7], mask=[True, False]) == 0.0
    with pytest.raises(ArgumentError, match="`targets` holds 7"):
        losses.hinge([1.0, 2.0], [1, 7])
