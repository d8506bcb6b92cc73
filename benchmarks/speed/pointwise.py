"""Activations, losses of pairs of numbers and the cross-entropy of a softmax, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.speed.row import Row, autograd, numbers, summed


def activation(name: str, n: int) -> Row:
    """Value and slope of an activation."""
    x = numbers(n)

    def ours() -> Any:
        import handgrad.activations
        function = getattr(handgrad.activations, name)
        out = np.empty_like(x), np.empty_like(x)
        return (lambda: function.value_and_grad(x, out=out)), lambda: summed(*out)

    def eager() -> Any:
        import torch
        given, ones, kept = torch.tensor(x, requires_grad=True), torch.ones(n), []
        function = getattr(torch.nn.functional, name)

        def run() -> None:
            given.grad = None
            value = function(given)
            value.backward(ones)
            kept[:] = [value.detach()]
        return run, lambda: summed(kept[0], given.grad)

    def compiled() -> Any:
        import torch
        function = getattr(torch.nn.functional, name)
        both = torch.compile(lambda v: _slopes(torch, function, v))
        given, kept = torch.tensor(x), []

        def run() -> None:
            kept[:] = both(given)
        return run, lambda: summed(*kept)

    def jax() -> Any:
        import jax
        function = getattr(jax.nn, name) if name != "tanh" else jax.numpy.tanh
        both = jax.jit(lambda v: (lambda value, pull: (value, pull(jax.numpy.ones_like(value))[0]))(*jax.vjp(function, v)))
        given, kept = jax.numpy.asarray(x), []

        def run() -> None:
            kept[:] = jax.block_until_ready(both(given))
        return run, lambda: summed(*kept)

    return Row(f"{name} and its slope, {n:.0e} float32".replace("e+0", "e"), {"handgrad": ours, "torch": eager, "torch.compile": compiled, "JAX": jax}, 12*n)


def _slopes(torch: Any, function: Any, v: Any) -> Any:
    value, pull = torch.func.vjp(function, v)
    return value, pull(torch.ones_like(value))[0]


def pointwise_loss(name: str, n: int) -> Row:
    """Value and gradient of a loss of pairs of numbers, summed."""
    x, y = numbers(n, -3, 3), numbers(n, -3, 3, 1)
    if name == "hinge":
        y = np.sign(y).astype(np.float32)
    model = {"huber": "sum[i](huber(x[i], y[i], 1))", "l1": "sum[i](abs(x[i] - y[i]))", "l2": "1/2*sum[i]((x[i] - y[i])^2)",
             "hinge": "sum[i](relu(1 - y[i]*x[i]))"}[name]

    def ours() -> Any:
        import handgrad
        kernel = handgrad.compile(f"J = {model}", by=["x"], dtype="float32", target="c")
        out, kept = np.empty_like(x), [0.0]
        step = kernel.bind(x=x, y=y, out={"x": out})

        def run() -> None:
            kept[0] = step()
        return run, lambda: summed(kept[0], out)

    def torch_loss(torch: Any) -> Any:
        functional = torch.nn.functional
        return {"huber": lambda a, b: functional.huber_loss(a, b, reduction="sum"), "l1": lambda a, b: functional.l1_loss(a, b, reduction="sum"),
                "l2": lambda a, b: functional.mse_loss(a, b, reduction="sum")/2, "hinge": lambda a, b: torch.relu(1 - b*a).sum()}[name]

    def jax_loss(jnp: Any) -> Any:
        def huber(a: Any, b: Any) -> Any:
            d = jnp.abs(a - b)
            return jnp.where(d <= 1, d*d/2, d - 0.5).sum()
        return {"huber": huber, "l1": lambda a, b: jnp.abs(a - b).sum(), "l2": lambda a, b: ((a - b)**2).sum()/2,
                "hinge": lambda a, b: jnp.maximum(1 - b*a, 0).sum()}[name]

    return Row(f"{name} loss and gradient, {n:.0e} float32".replace("e+0", "e"), {"handgrad": ours, **autograd(torch_loss, jax_loss, (x, y))}, 12*n)


def cross_entropy(n: int, classes: int) -> Row:
    """Softmax cross-entropy by the logits, labels as whole numbers, summed."""
    a = np.random.default_rng(0).standard_normal((n, classes), np.float32)*3
    t = np.random.default_rng(1).integers(0, classes, n)

    def ours() -> Any:
        import handgrad
        kernel = handgrad.compile("J = -sum[i](log(softmax[k](a[i,k])[t[i]]))\nassume t[i] in 1..size(a, 2)", by=["a"], dtype="float32", target="c")
        out, kept = np.empty_like(a), [0.0]
        step = kernel.bind(a=a, t=t + 1, out={"a": out})

        def run() -> None:
            kept[0] = step()
        return run, lambda: summed(kept[0], out)

    def sklearn() -> Any:
        from sklearn._loss.loss import HalfMultinomialLoss
        loss = HalfMultinomialLoss(n_classes=classes)
        y, values, slopes = t.astype(np.float32), np.empty(n, np.float32), np.empty_like(a)

        def run() -> None:
            loss.loss_gradient(y, a, loss_out=values, gradient_out=slopes, n_threads=2)
        return run, lambda: summed(values, slopes)

    def jax_loss(jnp: Any) -> Any:
        import jax
        return lambda v, label: -jnp.take_along_axis(jax.nn.log_softmax(v), label[:, None], 1).sum()

    peers = autograd(lambda torch: lambda v, label: torch.nn.functional.cross_entropy(v, label, reduction="sum"), jax_loss, (a, t))
    return Row(f"softmax cross-entropy, {n} × {classes} float32", {"handgrad": ours, **peers, "sklearn": sklearn}, 8*n*classes)
