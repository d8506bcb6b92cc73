"""Compiled models in torch and jax: the values of numpy, derivatives of both orders, tracing, and the same refusals."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import handgrad
from handgrad.catalogue import entries
from handgrad.catalogue.models import model as text_of
from handgrad.kernels.building import compiler
from handgrad.kernels.compilation import Kernel
from handgrad.kernels.sizes import ArgumentError
from support_arguments import answer, same
from support_arguments import arguments as every_kind
from support_cases import CASES
from support_kernels import places

jax.config.update("jax_enable_x64", True)
NET = "z[n,j] = b[j] + sum[i](W[i,j]*x[n,i]); h[n,j] = gelu(z[n,j]); J = mean[n](sum[j](v[j]*h[n,j]))"
CLASSES = "J = -sum[i](log(softmax[k](a[i,k])[t[i]])); assume t[i] in 1..size(a, 2)"
MODELS: dict[str, tuple[str, str | None]] = {f"catalogue: {e.name}": (text_of(e), None) for e in entries()}
for _q in CASES:
    MODELS.setdefault(_q.name.rpartition(",")[0] if "by" in _q.rest else _q.name, (_q.model, _q.of))
NUMERIC = [name for name, each in MODELS.items() if not handgrad.model(each[0]).functions]


def given() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3), "v": rng.normal(size=3), "x": rng.normal(size=(5, 2))}


@pytest.mark.parametrize("name", [n if number % 5 == 0 else pytest.param(n, marks=pytest.mark.nightly) for number, n in enumerate(NUMERIC)])
def test_torch_jax_and_numba_agree_with_numpy(name: str) -> None:
    text, of = MODELS[name]
    asked = handgrad.model(text)
    others = ("torch", "jax", "numba")
    kernels = {target: handgrad.compile(asked, of=of, target=target) for target in ("numpy", *others)}
    for place in places(kernels["numpy"], asked, range(1, 3)):
        value, slopes = kernels["numpy"](**place.inputs)
        for target in others:
            other, their = kernels[target](**place.inputs)
            for mine, theirs in ((value, other), *((slopes[name], their[name]) for name in slopes)):
                scale = max(float(np.abs(np.nan_to_num(mine)).max(initial=0.0)), 1e-290)
                assert np.shape(mine) == np.shape(theirs)
                assert np.allclose(np.nan_to_num(np.asarray(theirs)), np.nan_to_num(mine), rtol=0, atol=1e-9*scale), target


def test_torch_knows_derivatives_of_both_orders() -> None:
    kernel = handgrad.compile(NET, by=["W", "b", "v"], target="torch")
    tensors = {name: torch.tensor(value, requires_grad=name != "x") for name, value in given().items()}

    def value(W: Any, b: Any, v: Any) -> Any:
        return kernel(W=W, b=b, v=v, x=tensors["x"])[0]

    leaves = tuple(tensors[name] for name in "Wbv")
    assert torch.autograd.gradcheck(value, leaves) and torch.autograd.gradgradcheck(value, leaves)
    value(*leaves).backward()
    assert torch.equal(tensors["W"].grad, kernel(**tensors)[1]["W"])


@pytest.mark.parametrize("options", [{}, {"cotangent": True}])
def test_of_something_with_indices_torch_has_the_pullback(options: dict[str, Any]) -> None:
    kernel = handgrad.compile("y[i] = softmax[i](a[i])", target="torch", **options)
    further = {"G": torch.ones(4, dtype=torch.float64)} if options else {}
    a = torch.randn(4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: kernel(a=a, **further)[0], (a,))
    assert torch.autograd.gradgradcheck(lambda a: kernel(a=a, **further)[0], (a,))


def test_torch_traces_and_batches() -> None:
    kernel = handgrad.compile("y[i] = softmax[i](a[i])", target="torch")
    a = torch.randn(4, dtype=torch.float64, requires_grad=True)
    traced = torch.compile(lambda a: kernel(a=a)[0], fullgraph=True, backend="aot_eager")
    row = torch.autograd.functional.jacobian(lambda a: kernel(a=a)[0], a)[1]
    assert torch.allclose(torch.autograd.grad(traced(a)[1], a)[0], row)
    assert torch.allclose(torch.func.jacrev(lambda a: kernel(a=a)[0])(a.detach()), kernel(a=a)[1]["a"])
    rows = torch.randn(3, 4, dtype=torch.float64)
    assert torch.allclose(torch.func.vmap(lambda a: kernel(a=a)[0])(rows), torch.softmax(rows, -1))


def test_torch_keeps_the_digits_of_a_confident_class_in_float32() -> None:
    kernel = handgrad.compile(CLASSES, by="a", target="torch", dtype="float32")
    slope = kernel(a=torch.tensor([[20.0, 0.0]]), t=torch.tensor([1]))[1]["a"]
    assert slope[0, 0].item() == pytest.approx(-2.0611536e-09, rel=1e-6)
    assert kernel(a=torch.tensor([[0.0, -torch.inf]]), t=torch.tensor([1]))[1]["a"].tolist() == [[0.0, 0.0]]


def test_jax_knows_derivatives_of_both_orders_and_transforms() -> None:
    kernel = handgrad.compile(NET, by=["W", "b", "v"], target="jax")
    arrays = given()

    def value(W: Any, b: Any, v: Any) -> Any:
        return kernel(W=W, b=b, v=v, x=arrays["x"])[0]

    def plain(W: Any, b: Any, v: Any) -> Any:
        return jnp.mean(jnp.sum(v*jax.nn.gelu(b + arrays["x"] @ W, approximate=False), -1))

    at = arrays["W"], arrays["b"], arrays["v"]
    assert np.allclose(jax.grad(value)(*at), kernel(**arrays)[1]["W"], rtol=1e-14)
    assert np.allclose(jax.jacrev(jax.grad(value))(*at), jax.jacrev(jax.grad(plain))(*at), atol=1e-14)
    assert np.allclose(jax.jit(value)(*at), plain(*at), rtol=1e-14)
    assert np.allclose(jax.jacrev(lambda v: kernel(**{**arrays, "v": v})[1]["b"])(arrays["v"]), jax.jacrev(jax.grad(plain, 1), 2)(*at), atol=1e-14)
    shifts = jnp.stack([arrays["b"], arrays["b"] + 1])
    assert np.allclose(jax.vmap(lambda b: value(arrays["W"], b, arrays["v"]))(shifts)[1], plain(arrays["W"], arrays["b"] + 1, arrays["v"]))


def test_jax_takes_labels_through_jit_and_grad() -> None:
    kernel = handgrad.compile(CLASSES, target="jax")
    a, t = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4))), jnp.array([1, 4, 2])
    expected = kernel(a=a, t=t)[1]["a"]
    assert np.allclose(jax.jit(jax.grad(lambda a, t: kernel(a=a, t=t)[0]))(a, t), expected, rtol=1e-14)


@pytest.mark.parametrize("target", ["numpy", "torch", "jax", "numba"])
@pytest.mark.parametrize(("arguments", "said"), [
    ({"a": [[1.0, 2.0]]}, "`t` is missing"),
    ({"a": [1.0, 2.0], "t": [1]}, "`a` has 1 axis"),
    ({"a": [[1.0, 2.0]], "t": [1, 2]}, "`t` has 2 entries along i, where `a` has 1"),
    ({"a": [[1.0, 2.0]], "t": [0]}, "`t` holds 0, and positions run from 1 to 2"),
    ({"a": [[1.0, 2.0]], "t": [1.0]}, "and its entries are positions"),
    ({"a": [[1j, 2.0]], "t": [1]}, "`a` holds complex"),
    ({"a": [["x"]], "t": [1]}, "`a` holds str32"),
])
def test_all_refuse_the_same_arguments(target: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError) as refusal:
        handgrad.compile(CLASSES, by="a", target=target)(**arguments)
    assert said in str(refusal.value)
    make = {"numpy": np.asarray, "numba": np.asarray, "torch": torch.tensor, "jax": jnp.asarray}[target]
    if said.endswith("str32"):
        return
    with pytest.raises(ArgumentError) as refusal:
        handgrad.compile(CLASSES, by="a", target=target)(**{name: make(value) for name, value in arguments.items()})
    assert said in str(refusal.value)


@cache
def classes(target: str) -> Kernel:
    """The loss over classes, made once for each target."""
    return handgrad.compile(CLASSES, by="a", target=target)


@pytest.mark.parametrize("target", ["numba", "torch", "jax"])
@pytest.mark.parametrize(("name", "a", "t"), [pytest.param(*case, id=case[0]) for case in every_kind()])
def test_all_say_the_same_to_arguments_of_every_kind(target: str, name: str, a: Any, t: Any) -> None:
    wanted, found = (answer(classes(each), a, t) for each in ("numpy", target))
    assert same(found, wanted), (found, wanted)


def test_numba_binds_buffers_and_knows_second_derivatives() -> None:
    arrays = given()
    kernel = handgrad.compile(NET, by=["W", "b", "v"], target="numba")
    value, slopes = handgrad.compile(NET, by=["W", "b", "v"], target="numpy")(**arrays)
    out = {"W": np.zeros((2, 3)), "b": np.zeros(3)}
    bound = kernel.bind(out=out, **arrays)
    assert bound() == pytest.approx(value, rel=1e-13) and all(np.allclose(out[name], slopes[name], rtol=1e-13) for name in out)
    arrays["x"][:] *= 2
    assert bound() == pytest.approx(handgrad.compile(NET, target="numpy")(**arrays)[0], rel=1e-13)
    for options in ({"order": 2}, {"hvp": True}):
        vectors = {f"v_{name}": np.ones_like(arrays[name]) for name in "Wbv"} if "hvp" in options else {}
        numba, numpy = (handgrad.compile(NET, by=["W", "b", "v"], target=target, **options)(**arrays, **vectors)[2] for target in ("numba", "numpy"))
        assert numba.keys() == numpy.keys() and all(np.allclose(numba[key], numpy[key], rtol=1e-12, atol=1e-14) for key in numpy)


@pytest.mark.parametrize("text", [
    "y[t] = sum[k](w[k]*x[t+k-1]); J = sum[t](y[t]^2)",
    "y[i,k] = x[i]*c; J = sum[i](sum[k](y[i,k]))",
    "y[i] = x[i]/(sum[j](x[j]) - found); J = sum[i](y[i]*place)",
])
def test_numba_runs_windows_given_lengths_and_names_that_the_code_has(text: str) -> None:
    sizes = {"k": 3} if "y[i,k]" in text else None
    numba, numpy = (handgrad.compile(text, target=target, sizes=sizes) for target in ("numba", "numpy"))
    rng = np.random.default_rng(0)
    arrays = {i.name: rng.normal(size=(5 if i.name == "x" else 2,)*len(i.axes)) for i in numpy.program.inputs}
    (value, slopes), (wanted, right) = numba(**arrays), numpy(**arrays)
    assert value == pytest.approx(wanted, rel=1e-13) and all(np.allclose(slopes[name], right[name], rtol=1e-12) for name in right)


def test_numba_computes_float32_in_float64_and_rounds_once() -> None:
    arrays = {name: value.astype("float32") for name, value in given().items()}
    single, double = (handgrad.compile(NET, target="numba", dtype=dtype)(**arrays) for dtype in ("float32", "float64"))
    for mine, exact in ((single[0], double[0]), *((single[1][name], double[1][name]) for name in double[1])):
        assert np.array_equal(np.float32(mine), np.float32(exact))


@pytest.mark.skipif(compiler() is None, reason="no C compiler on this machine")
def test_threads_of_a_kernel_live_beside_those_of_torch() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60_000, 7)), rng.integers(0, 2, 60_000)
    kernel = handgrad.compile("z[n] = sum[i](w[i]*x[n,i]); J = sum[n](softplus(z[n]) - y[n]*z[n])", by="w", target="c", threads=4)
    w, matrix = rng.normal(size=7), torch.randn(600, 600)
    first, product = kernel(w=w, x=x, y=y), matrix @ matrix
    for _ in range(5):
        assert torch.equal(matrix @ matrix, product)
        value, slopes = kernel(w=w, x=x, y=y)
        assert value == first[0] and np.array_equal(slopes["w"], first[1]["w"])


@pytest.mark.parametrize("kind", ["sum", "prod", "max", "norm", "logsumexp"])
@pytest.mark.parametrize("target", ["torch", "jax"])
def test_a_reduction_counts_what_is_the_same_for_every_index(target: str, kind: str) -> None:
    text = f"y[j] = {kind}[i in 1..size(x, 1)](sum[k](m[j,k]^2)); J = sum[j](y[j]) + {kind}[i in 1..size(x, 1)](sum[j,k](m[j,k]^2)) + sum[i,k](x[i,k]*m[1,k])"
    given = {"m": np.array([[0.3, 1.2], [0.9, 1.1], [1.4, 0.8]]), "x": np.arange(8.0).reshape(4, 2)}
    (value, slopes), (wanted, right) = (handgrad.compile(text, by="m", target=t)(**given) for t in (target, "python"))
    assert float(value) == pytest.approx(wanted, rel=1e-12) and np.allclose(np.asarray(slopes["m"]), np.asarray(right["m"]), rtol=1e-12)
