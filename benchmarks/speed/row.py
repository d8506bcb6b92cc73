"""A piece of work that is timed, who does it, and what came out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Run = Callable[[], Any]                                                     # one piece of work
Maker = Callable[[], "tuple[Run, Callable[[], tuple[float, float]]]"]       # the work; what came out: the value, and the sum of the gradient's sizes


@dataclass(frozen=True)
class Row:
    """A piece of work: who does it, and how many bytes must be moved at least (0: memory does not bound it), the unit it is told in, how often it repeats."""

    says: str
    contestants: dict[str, Maker]
    moved: int = 0
    unit: str = "ms"
    n: int = 1


def numbers(n: int, low: float = -8.0, high: float = 8.0, seed: int = 0) -> Any:
    """Evenly spread numbers in float32, the same for all."""
    return np.random.default_rng(seed).uniform(low, high, n).astype(np.float32)


def summed(value: Any, gradient: Any) -> tuple[float, float]:
    """What came out, as two numbers."""
    return float(np.sum(np.asarray(value), dtype=np.float64)), float(np.abs(np.asarray(gradient), dtype=np.float64).sum())


def autograd(torch_loss: Any, jax_loss: Any, given: tuple[Any, ...]) -> dict[str, Maker]:
    """The gradient by the first of what is given: eager torch, `torch.compile` of `grad_and_value`, JAX's jit."""
    def eager() -> Any:
        import torch
        first, *others = (torch.tensor(g) for g in given)
        first.requires_grad_()
        loss, kept = torch_loss(torch), []

        def run() -> None:
            first.grad = None
            value = loss(first, *others)
            value.backward()
            kept[:] = [value.detach()]
        return run, lambda: summed(kept[0], first.grad)

    def compiled() -> Any:
        import torch
        arrays, kept = [torch.tensor(g) for g in given], []
        both = torch.compile(torch.func.grad_and_value(torch_loss(torch)))

        def run() -> None:
            kept[:] = both(*arrays)
        return run, lambda: summed(kept[1], kept[0])

    def jax() -> Any:
        import jax
        arrays, kept = [jax.numpy.asarray(g) for g in given], []
        both = jax.jit(jax.value_and_grad(jax_loss(jax.numpy)))

        def run() -> None:
            kept[:] = jax.block_until_ready(both(*arrays))
        return run, lambda: summed(*kept)

    return {"torch": eager, "torch.compile": compiled, "JAX": jax}
