"""The functions of the catalogue over tensors of torch and arrays of jax: the values of torch.nn.functional, gradients that flow, tracing, refusals."""

from __future__ import annotations

from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from handgrad import activations, losses
from handgrad.catalogue import entries
from handgrad.kernels.ready.callables import Activation, Loss, Ready
from handgrad.kernels.ready.wording import labels_of
from handgrad.kernels.sizes import ArgumentError
from test_ready import arguments, differentiable, title

jax.config.update("jax_enable_x64", True)
EVERY: list[Loss | Activation] = [*(getattr(losses, e.name) for e in entries("loss")), *(getattr(activations, e.name) for e in entries("activation"))]
LOSSES = [f for f in EVERY if isinstance(f, Loss)]
CE = losses.softmax_cross_entropy
REDUCTIONS = ("none", "sum", "mean")


def tensors(given: dict[str, Any], dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    return {name: torch.tensor(value) if np.asarray(value).dtype.kind == "i" else torch.tensor(value, dtype=dtype, requires_grad=True)
            for name, value in given.items()}


def like(one: Any, other: Any, **tolerance: float) -> bool:
    return bool(np.allclose(np.asarray(one.detach() if isinstance(one, torch.Tensor) else one), np.asarray(other), equal_nan=True, **tolerance))


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_tensors_give_what_arrays_give(f: Ready) -> None:
    given, by = arguments(f), differentiable(f)
    for further in [{"reduction": r} for r in REDUCTIONS] if isinstance(f, Loss) else [{}]:
        wanted, right = f.value_and_grad(**given, by=by, **further)
        value, slopes = f.value_and_grad(**tensors(given), by=by, **further)
        assert isinstance(value, torch.Tensor) and value.dtype == torch.float64 and like(value, wanted)
        assert all(isinstance(slopes[n], torch.Tensor) and not slopes[n].requires_grad and like(slopes[n], right[n]) for n in by)
        traced = {name: jnp.asarray(v) for name, v in given.items()}
        value, slopes = f.value_and_grad(**traced, by=by, **further)
        assert isinstance(value, jax.Array) and like(value, wanted) and all(like(slopes[n], right[n]) for n in by)


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_the_gradient_flows_to_every_argument(f: Ready) -> None:
    given, by = arguments(f), differentiable(f)
    for further in [{"reduction": r} for r in REDUCTIONS] if isinstance(f, Loss) else [{}]:
        leaves = tensors(given)
        value = f(**leaves, **further)
        upstream = torch.randn(value.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        found = torch.autograd.grad(value, [leaves[n] for n in by], upstream)
        right = f.grad(**given, by=by, cotangent=upstream.numpy() if upstream.ndim else float(upstream), **further)
        assert all(like(slope, right[n]) for n, slope in zip(by, found, strict=True))
        pulled = jax.vjp(lambda *a: f(**{**given, **dict(zip(by, a, strict=True))}, **further), *(jnp.asarray(given[n]) for n in by))[1]
        assert all(like(slope, right[n]) for n, slope in zip(by, pulled(jnp.asarray(upstream.numpy())), strict=True))


@pytest.mark.parametrize("f", EVERY, ids=title)
def test_second_derivatives_are_those_of_differences(f: Ready) -> None:
    given = tensors(arguments(f, seed=3))
    first = f.entry.function.parameters[0]
    rest = {name: value.detach() for name, value in given.items() if name != first}
    assert torch.autograd.gradgradcheck(lambda x: f(x, **rest), (given[first],))


@pytest.mark.parametrize(("reduction", "smoothing", "weighted", "labels"), [*product(REDUCTIONS, (0.0, 0.1), (False, True), (False, True))])
def test_cross_entropy_is_that_of_torch(reduction: Any, smoothing: float, weighted: bool, labels: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    scores = torch.randn(7, 5, dtype=torch.float64, generator=generator, requires_grad=True)
    targets = torch.tensor([0, 4, -100, 2, 2, -100, 1]) if labels else torch.softmax(torch.randn(7, 5, dtype=torch.float64, generator=generator), -1)
    by_class = torch.rand(5, dtype=torch.float64, generator=generator) + 0.1 if weighted else None
    ours = CE(scores, targets, reduction=reduction, class_weights=by_class, label_smoothing=smoothing, ignore_index=-100 if labels else None)
    theirs = F.cross_entropy(scores, targets, by_class, reduction=reduction, label_smoothing=smoothing)
    upstream = torch.randn(theirs.shape, dtype=torch.float64, generator=generator)
    assert torch.allclose(ours, theirs)
    assert torch.allclose(*(torch.autograd.grad(value, scores, upstream)[0] for value in (ours, theirs)))


def test_classes_of_images_stand_in_the_second_axis() -> None:
    scores, labels = torch.randn(2, 5, 3, 4, dtype=torch.float64, requires_grad=True), torch.randint(0, 5, (2, 3, 4))
    ours, theirs = CE(scores, labels, axis=1), F.cross_entropy(scores, labels)
    assert torch.allclose(ours, theirs) and torch.allclose(*(torch.autograd.grad(v, scores)[0] for v in (ours, theirs)))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_other_losses_are_those_of_torch(reduction: Any) -> None:
    a, y = torch.randn(3, 4, dtype=torch.float64), torch.randn(3, 4, dtype=torch.float64)
    p, sign = torch.rand(3, 4, dtype=torch.float64), torch.sign(y)
    assert torch.allclose(losses.huber(a, y, delta=0.7, reduction=reduction), F.huber_loss(a, y, delta=0.7, reduction=reduction))
    assert torch.allclose(losses.l1(a, y, reduction=reduction), F.l1_loss(a, y, reduction=reduction))
    assert torch.allclose(2*losses.l2(a, y, reduction=reduction), F.mse_loss(a, y, reduction=reduction))
    named = losses.binary_cross_entropy_with_logits
    assert torch.allclose(named(a, p, reduction=reduction), F.binary_cross_entropy_with_logits(a, p, reduction=reduction))
    each = torch.clamp(1 - sign*a, min=0)
    assert torch.allclose(losses.hinge(a, sign, reduction=reduction), {"none": each, "sum": each.sum(), "mean": each.mean()}[reduction])
    soft = torch.softmax(y, -1)
    each = F.kl_div(F.log_softmax(a, -1), soft, reduction="none").sum(-1)
    assert torch.allclose(losses.kl_divergence(a, soft, reduction=reduction), {"none": each, "sum": each.sum(), "mean": each.mean()}[reduction])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_half_precision_is_computed_in_single_and_rounded(dtype: torch.dtype) -> None:
    scores = torch.tensor([[3.0, 1.0], [0.5, 7.0]], dtype=dtype, requires_grad=True)
    value = CE(scores, torch.tensor([0, 1]))
    value.backward()
    assert value.dtype == scores.grad.dtype == dtype
    right = CE.value_and_grad(scores.detach().double(), torch.tensor([0, 1]))
    assert torch.equal(scores.grad, right[1].to(dtype)) or torch.allclose(scores.grad.double(), right[1], rtol=2e-7)


@pytest.mark.parametrize("f", LOSSES, ids=title)
def test_what_is_masked_is_not_looked_at_by_torch_and_jax(f: Loss) -> None:
    given, by = arguments(f), differentiable(f)
    mask = np.array([True, False, True, True, False, True])
    spoilt = {n: np.where(mask.reshape(-1, *[1]*(v.ndim - 1)), v, np.nan) if np.ndim(v) and v.dtype.kind == "f" else v for n, v in given.items()}
    for reduction in REDUCTIONS:
        right = f.grad(**given, mask=mask, reduction=reduction, by=by)
        leaves = tensors(spoilt)
        f(**leaves, mask=mask, reduction=reduction).sum().backward()
        assert all(like(leaves[n].grad, right[n]) for n in by)
        slopes = jax.grad(lambda *a: f(**{**given, **dict(zip(by, a, strict=True))}, mask=mask, reduction=reduction).sum(), tuple(range(len(by))))(
            *(jnp.asarray(spoilt[n]) for n in by))
        assert all(like(slope, right[n]) for n, slope in zip(by, slopes, strict=True))


def test_jit_vmap_and_grad_go_through() -> None:
    scores, labels = jnp.array([[1.0, 2.0, 3.0], [4.0, -1.0, 2.0]]), jnp.array([2, -1])

    def mean(scores: Any) -> Any:
        return CE(scores, labels, ignore_index=-1, label_smoothing=0.1, class_weights=[1.0, 2.0, 0.5])

    value, right = CE.value_and_grad(np.asarray(scores), np.asarray(labels), ignore_index=-1, label_smoothing=0.1, class_weights=[1.0, 2.0, 0.5])
    assert like(jax.jit(mean)(scores), value) and like(jax.jit(jax.grad(mean))(scores), right)
    assert like(jax.vmap(activations.softmax)(scores), activations.softmax(np.asarray(scores)))
    assert like(torch.func.vmap(activations.sigmoid)(torch.ones(3, 2)), torch.sigmoid(torch.ones(3, 2)))
    assert like(torch.func.grad(lambda x: losses.huber(x, 0.0))(torch.tensor([3.0, 0.5])), [0.5, 0.25])


def test_a_compiled_model_calls_them_between_its_graphs() -> None:
    x = torch.tensor([3.0, 0.5], requires_grad=True)
    torch.compile(lambda x: losses.huber(2*x, 0.0)*3, backend="eager")(x).backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_buffers_of_torch_are_written() -> None:
    x, out = torch.tensor([3.0, 0.5]), torch.empty(2)
    assert losses.huber.grad(x, 0.0, reduction="sum", out=out) is out and out.tolist() == [1.0, 0.5]
    for buffer, said in ((x, "overlaps"), (torch.empty(3), "has shape"), (torch.empty(2).double(), "holds float64"), (np.zeros(2), "no tensor"),
                         (torch.empty(2, requires_grad=True), "requires a gradient"), (torch.empty(1).expand(2), "several places")):
        with pytest.raises(ArgumentError, match="`out`") as refusal:
            losses.huber.grad(x, 0.0, out=buffer)
        assert said in str(refusal.value)


@pytest.mark.parametrize(("given", "settings", "said"), [
    ((torch.zeros(2, 3), torch.tensor([0, 3])), {}, "`targets` holds 3, and labels run from 0 to 2"),
    ((torch.zeros(2, 3), torch.tensor([0.0, 1.0])), {}, "give labels"),
    ((torch.zeros(2, 3, dtype=torch.complex64), torch.tensor([0, 1])), {}, "`scores` holds complex64"),
    ((torch.eye(2).to_sparse(), torch.tensor([0, 1])), {}, "`scores` is a tensor laid out as sparse_coo"),
    ((torch.eye(2), torch.tensor([0, 1])), {"weights": torch.ones(2, requires_grad=True)}, "`weights` requires a gradient"),
    ((jnp.zeros((2, 3)), jnp.array([0, 3])), {}, "`targets` holds 3, and labels run from 0 to 2"),
])
def test_what_cannot_be_taken_is_refused_by_name(given: Any, settings: dict[str, Any], said: str) -> None:
    assert labels_of(CE.entry) == ()
    with pytest.raises(ArgumentError) as refusal:
        CE(*given, **settings)
    assert said in str(refusal.value)
