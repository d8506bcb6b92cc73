"""The network of 3, 2 and 1 units, alone and over samples, and one for pictures of digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.speed.row import Maker, Row, numbers

NET = "h[j] = sigmoid(b[j] + sum[i](W[i,j]*x[i])); o = sigmoid(c + sum[j](v[j]*h[j])); E = 1/2*(o - t)^2"
SAMPLES = "h[n,j] = sigmoid(b[j] + sum[i](W[i,j]*x[n,i])); o[n] = sigmoid(c + sum[j](v[j]*h[n,j])); E = 1/2*sum[n]((o[n] - t[n])^2)"
WEIGHTS = ("W", "b", "v", "c")


def weights(kind: Any = np.float64) -> dict[str, Any]:
    """The eleven weights of a network of three inputs, two hidden units and one output."""
    draw = np.random.default_rng(5)
    shapes: dict[str, tuple[int, ...]] = {"W": (3, 2), "b": (2,), "v": (2,), "c": ()}
    return {name: np.asarray(draw.uniform(-1, 1, shape), kind) for name, shape in shapes.items()}


def _collected(value: Any, slopes: Any) -> tuple[float, float]:
    return float(value), float(sum(np.abs(np.asarray(s), dtype=np.float64).sum() for s in slopes))


def network() -> Row:
    """Value and 11 gradients of the network with 3, 2 and 1 units, for one sample, a call from Python."""
    given, x, t = weights(), np.array([0.3, -0.8, 0.5]), np.array(0.7)

    def ours() -> Any:
        import handgrad
        out, kept = {name: np.empty_like(w) for name, w in given.items()}, [0.0]
        step = handgrad.compile(NET, of="E", by=list(WEIGHTS), target="c").bind(**given, x=x, t=t, out=out)

        def run() -> None:
            kept[0] = step()
        return step, lambda: (run(), _collected(kept[0], out.values()))[1]

    def casadi() -> Any:
        import casadi as C
        W, b, v, c, xs, ts = C.SX.sym("W", 3, 2), C.SX.sym("b", 2), C.SX.sym("v", 2), C.SX.sym("c"), C.SX.sym("x", 3), C.SX.sym("t")
        s = lambda z: 1/(1 + C.exp(-z))  # noqa: E731
        E = (s(c + C.dot(v, s(b + C.mtimes(W.T, xs)))) - ts)**2/2
        wanted = C.vertcat(C.vec(W), b, v, c)
        call = C.Function("f", [wanted, xs, ts], [E, C.gradient(E, wanted)])
        buffer, trigger = call.buffer()
        flat = np.concatenate([given["W"].T.ravel(), given["b"], given["v"], [given["c"]]])
        value, slopes = np.zeros(1), np.zeros(11)
        target = np.array([0.7])
        for n, array in enumerate((flat, x, target)):
            buffer.set_arg(n, memoryview(array))
        buffer.set_res(0, memoryview(value))
        buffer.set_res(1, memoryview(slopes))
        held = call, buffer, flat, x, target                # what it reads and writes is not kept by it
        return trigger, lambda: (trigger(), _collected(value[0], [slopes]), held)[1]

    return Row("network of 3, 2, 1 units: value and 11 gradients, a call", {"handgrad": ours, "CasADi": casadi, **_network_peers(given, x, t)}, unit="µs")


def _network_peers(given: dict[str, Any], x: Any, t: Any) -> dict[str, Maker]:
    """The network in torch and JAX, of one sample or of many."""
    def loss(sigmoid: Any) -> Any:
        return lambda W, b, v, c, x, t: (0.5*(sigmoid(sigmoid(x @ W + b) @ v + c) - t)**2).sum()

    def eager() -> Any:
        import torch
        leaves = [torch.tensor(w, requires_grad=True) for w in given.values()]
        xs, ts, f, kept = torch.tensor(x), torch.tensor(t), loss(torch.sigmoid), []

        def run() -> None:
            value = f(*leaves, xs, ts)
            kept[:] = [value.detach(), torch.autograd.grad(value, leaves)]
        return run, lambda: _collected(*kept)

    def compiled() -> Any:
        import torch
        arrays = [torch.tensor(a) for a in (*given.values(), x, t)]
        both, kept = torch.compile(torch.func.grad_and_value(loss(torch.sigmoid), argnums=(0, 1, 2, 3))), []

        def run() -> None:
            kept[:] = both(*arrays)
        return run, lambda: _collected(kept[1], kept[0])

    def jax() -> Any:
        import jax
        jax.config.update("jax_enable_x64", x.dtype == np.float64)
        arrays = [jax.numpy.asarray(a) for a in (*given.values(), x, t)]
        both, kept = jax.jit(jax.value_and_grad(loss(jax.nn.sigmoid), argnums=(0, 1, 2, 3))), []

        def run() -> None:
            kept[:] = jax.block_until_ready(both(*arrays))
        return run, lambda: _collected(*kept)

    return {"torch": eager, "torch.compile": compiled, "JAX": jax}


def samples(n: int) -> Row:
    """The same network, summed over samples, in float32."""
    given = weights(np.float32)
    x, t = numbers(3*n, -1, 1).reshape(n, 3), numbers(n, 0, 1, 1)

    def ours() -> Any:
        import handgrad
        out, kept = {name: np.empty_like(w) for name, w in given.items()}, [0.0]
        step = handgrad.compile(SAMPLES, of="E", by=list(WEIGHTS), dtype="float32", target="c").bind(**given, x=x, t=t, out=out)

        def run() -> None:
            kept[0] = step()
        return run, lambda: _collected(kept[0], out.values())

    return Row(f"that network summed over {n:.0e} samples, float32".replace("e+0", "e"), {"handgrad": ours, **_network_peers(given, x, t)}, 16*n, n=n)


def descent() -> Row:
    """A step of gradient descent of the small network, of many inside one call."""
    given, x, t, steps = weights(), np.array([0.3, -0.8, 0.5]), np.array(0.7), 20_000

    def ours() -> Any:
        import handgrad
        kernel = handgrad.compile(NET, of="E", by=list(WEIGHTS), target="c")
        kept: list[Any] = []

        def run() -> None:
            kept[:] = [kernel.descend(steps, 0.1, **given, x=x, t=t)]
        return run, lambda: (0.0, 0.0)

    return Row("a step of descent of that network, inside one call", {"handgrad": ours}, unit="ns", n=steps)


def digits(batch: int = 128) -> Row:
    """One step of 784-128-10 with ReLU and cross-entropy, float32: the gradients by both layers."""
    draw = np.random.default_rng(3)
    W, V = (draw.standard_normal(s).astype(np.float32)/np.float32(s[0]**0.5) for s in ((784, 128), (128, 10)))
    b, c = np.zeros(128, np.float32), np.zeros(10, np.float32)
    x, t = draw.uniform(0, 1, (batch, 784)).astype(np.float32), draw.integers(0, 10, batch)
    given = {"W": W, "b": b, "V": V, "c": c}
    model = ("h[i,j] = relu(b[j] + sum[p](x[i,p]*W[p,j])); z[i,k] = c[k] + sum[j](h[i,j]*V[j,k]); J = -sum[i](log(softmax[k](z[i,k])[t[i]]))\n"
             "assume t[i] in 1..size(c, 1)")

    def ours() -> Any:
        import handgrad
        out, kept = {name: np.empty_like(w) for name, w in given.items()}, [0.0]
        step = handgrad.compile(model, of="J", by=list(given), dtype="float32", target="c").bind(**given, x=x, t=t + 1, out=out)

        def run() -> None:
            kept[0] = step()
        return run, lambda: _collected(kept[0], out.values())

    def eager() -> Any:
        import torch
        leaves, kept = [torch.tensor(w, requires_grad=True) for w in given.values()], []
        xs, ts = torch.tensor(x), torch.tensor(t)

        def run() -> None:
            first, bias, second, last = leaves
            value = torch.nn.functional.cross_entropy(torch.relu(xs @ first + bias) @ second + last, ts, reduction="sum")
            kept[:] = [value.detach(), torch.autograd.grad(value, leaves)]
        return run, lambda: _collected(*kept)

    def jax() -> Any:
        import jax
        arrays, kept = [jax.numpy.asarray(a) for a in (*given.values(), x, t)], []

        def loss(W: Any, b: Any, V: Any, c: Any, x: Any, t: Any) -> Any:
            z = jax.numpy.maximum(x @ W + b, 0) @ V + c
            return -jax.numpy.take_along_axis(jax.nn.log_softmax(z), t[:, None], 1).sum()
        both = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2, 3)))

        def run() -> None:
            kept[:] = jax.block_until_ready(both(*arrays))
        return run, lambda: _collected(*kept)

    return Row(f"784-128-10, batch {batch}, loss and gradients, float32", {"handgrad": ours, "torch": eager, "JAX": jax})
