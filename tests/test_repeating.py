"""Calls of ready functions like one before: the same answers as at first, and the same refusals."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

import handgrad
from handgrad import activations, losses
from handgrad.kernels.ready.callables import Ready
from handgrad.kernels.recent import MOST, Recent
from handgrad.kernels.sizes import ArgumentError
from test_ready import EVERY, K, N, arguments, title

CE = losses.softmax_cross_entropy


def answers(f: Ready, given: dict[str, Any], **settings: Any) -> list[bytes]:
    value, slope = f.value_and_grad(**given, **settings)  # type: ignore[attr-defined]
    return [np.asarray(value).tobytes(), str(np.shape(slope)).encode(), np.asarray(slope).tobytes(), str(np.asarray(slope).dtype).encode()]


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_a_call_like_one_before_gives_what_it_gives_at_first(f: Ready) -> None:
    for n in ((N,), (2, 3), ()):
        given = arguments(f, seed=1, n=n)
        f.calls.known.clear()
        first = answers(f, given)
        f.calls.known.clear()
        answers(f, arguments(f, seed=2, n=n))           # another call alike goes before
        assert f.calls.known
        assert answers(f, given) == first


@pytest.mark.parametrize(("first", "second", "settings"), [
    (np.float64, np.float32, {}), (np.int64, np.float64, {}), (np.float64, ">f8", {}), (np.float64, np.float16, {}),
    (np.float64, np.float64, {"reduction": "sum"}),
])
def test_another_type_or_setting_is_another_call(first: Any, second: Any, settings: dict[str, Any]) -> None:
    x = np.array([1, 2, -3])
    losses.huber.value_and_grad(x.astype(first), 0.0)
    value, slope = losses.huber.value_and_grad(x.astype(second), 0.0, **settings)
    losses.huber.calls.known.clear()
    again = losses.huber.value_and_grad(x.astype(second), 0.0, **settings)
    assert value == again[0] and slope.tolist() == again[1].tolist() and slope.dtype == again[1].dtype


def test_arrays_that_are_not_in_rows_are_read_as_they_are() -> None:
    x = np.arange(12.0).reshape(3, 4)
    flat = losses.l2.value_and_grad(x, 0.0)[1]
    assert (losses.l2.value_and_grad(x.T.copy().T, 0.0)[1] == flat).all()
    assert (losses.l2.value_and_grad(np.repeat(x, 2, axis=1)[:, ::2], 0.0)[1] == flat).all()


@pytest.mark.parametrize(("f", "right", "wrong", "said"), [
    (CE, (np.zeros((2, K)), np.array([0, 1])), (np.zeros((2, K)), np.array([0, K])), "labels run from 0 to"),
    (CE, (np.zeros((2, K)), np.array([0, 1])), (np.zeros((2, K)), np.array([0, -1])), "ignore_index=-1"),
    (losses.huber, (np.zeros(2), np.zeros(2), 1.0), (np.zeros(2), np.zeros(2), -1.0), "`delta` is -1"),
    (losses.hinge, (np.zeros(2), np.ones(2)), (np.zeros(2), np.zeros(2)), "`targets` holds 0"),
    (losses.l2, ([1.0, 2.0], [1.0, 2.0]), ([1.0, 2.0], [1.0, [2.0]]), "`targets` cannot be made an array"),
    (losses.l2, (np.ones(2), np.ones(2)), (np.ones(2), np.ones(3)), "`targets` has shape"),
    (activations.sigmoid, (np.ones(2),), (np.ones(2, dtype=complex),), "no real numbers"),
])
def test_what_cannot_be_taken_is_refused_after_a_call_alike(f: Any, right: tuple[Any, ...], wrong: tuple[Any, ...], said: str) -> None:
    f.value_and_grad(*right)
    f.value_and_grad(*right)
    with pytest.raises(ArgumentError) as caught:
        f.value_and_grad(*wrong)
    assert said in str(caught.value)


def test_no_array_is_kept() -> None:
    x = np.ones(5)
    losses.l2.value_and_grad(x, np.zeros(5))
    seen = weakref.ref(x)
    del x
    assert seen() is None


def test_shapes_are_checked_in_each_call_of_a_compiled_model() -> None:
    kernel = handgrad.compile("J = sum[i](w[i]*x[i])")
    assert kernel(w=np.ones(2), x=np.ones(2))[0] == kernel(w=np.ones(2), x=[1.0, 1.0])[0] == 2
    with pytest.raises(ArgumentError, match="entries along i"):
        kernel(w=np.ones(2), x=np.ones(3))
    with pytest.raises(ArgumentError, match="is missing"):
        kernel(w=np.ones(2))
    with pytest.raises(ArgumentError, match="is no input"):
        kernel(w=np.ones(2), x=np.ones(2), z=1.0)


def test_what_was_found_lately_is_bounded() -> None:
    recent: Recent[int, int] = Recent()
    for n in range(3*MOST):
        recent[n] = n
        assert recent[n] == n and len(recent) <= MOST
