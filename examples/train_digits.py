"""A network of 64, 64 and 10 units learns the digits of scikit-learn, with gradients of handgrad and an optimiser of torch.

    python examples/train_digits.py --epochs 30 --curve curve.svg

A second network, with the same weights and batches, learns with the gradients of torch's autograd: both end at the same accuracy.
It needs `handgrad[torch]` and scikit-learn.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import handgrad
from handgrad.rendering.plot import course

MODEL = """
z[n,j] = b[j] + sum[i](x[n,i]*W[i,j])
h[n,j] = max(0, z[n,j])
a[n,k] = c[k] + sum[j](h[n,j]*V[j,k])
J = -mean[n](log(softmax[k](a[n,k])[t[n]]))
assume t[n] in 1..size(a, 2)
"""
BATCH = 64
Weights = dict[str, torch.Tensor]
Loss = Callable[[Weights, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Digits:
    """Pictures of 8 by 8 points between 0 and 1, and what they show, counted from 0."""

    train_x: torch.Tensor
    train_t: torch.Tensor
    test_x: torch.Tensor
    test_t: torch.Tensor

    @classmethod
    def loaded(cls) -> Digits:
        """Three quarters to learn from, a quarter to test with."""
        x, t = load_digits(return_X_y=True)
        parts = train_test_split(x/16, t, test_size=0.25, random_state=0, stratify=t)
        train_x, test_x = (torch.tensor(part, dtype=torch.float32) for part in parts[:2])
        train_t, test_t = (torch.tensor(part) for part in parts[2:])
        return cls(train_x, train_t, test_x, test_t)

    def batches(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """All that is there to learn from, in an order that depends on the epoch alone."""
        order = torch.randperm(len(self.train_t), generator=torch.Generator().manual_seed(epoch))
        for chosen in order.split(BATCH):
            yield self.train_x[chosen], self.train_t[chosen]


def started(seed: int = 0) -> Weights:
    """Weights to begin with."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"W": (64, 64), "b": (64,), "V": (64, 10), "c": (10,)}
    return {name: (torch.randn(shape, generator=generator)*(2/64)**0.5 if len(shape) == 2 else torch.zeros(shape)).requires_grad_()
            for name, shape in shapes.items()}


def with_handgrad() -> Loss:
    """The loss whose gradients were derived; positions count from 1 in a model."""
    kernel = handgrad.compile(MODEL, of="J", by=["W", "b", "V", "c"], target="torch", dtype="float32")
    return lambda weights, x, t: kernel(**weights, x=x, t=t + 1)[0]


def scores(weights: Weights, x: torch.Tensor) -> torch.Tensor:
    """The scores of the classes."""
    return torch.relu(x @ weights["W"] + weights["b"]) @ weights["V"] + weights["c"]


def with_autograd() -> Loss:
    """The same loss as torch writes it."""
    return lambda weights, x, t: torch.nn.functional.cross_entropy(scores(weights, x), t)


def train(loss: Loss, digits: Digits, epochs: int, advance: Callable[[float], Any]) -> tuple[Weights, list[float]]:
    """The weights after so many epochs, and the mean loss before the first and after each."""
    weights = started()
    optimiser = torch.optim.Adam(weights.values(), lr=2e-3)
    with torch.no_grad():
        curve = [float(loss(weights, digits.train_x, digits.train_t))]
    for epoch in range(epochs):
        for x, t in digits.batches(epoch):
            optimiser.zero_grad()
            loss(weights, x, t).backward()
            optimiser.step()
        with torch.no_grad():
            curve.append(float(loss(weights, digits.train_x, digits.train_t)))
        advance(curve[-1])
    return weights, curve


def accuracy(weights: Weights, digits: Digits) -> float:
    """The share of the test pictures that are recognised."""
    with torch.no_grad():
        return float((scores(weights, digits.test_x).argmax(1) == digits.test_t).float().mean())


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Trains both, with a bar for each, and draws the loss; gives back the accuracies."""
    parser = argparse.ArgumentParser(description="Learn digits with derived gradients and with autograd.")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--curve", type=Path, help="an SVG file to draw the loss to")
    asked = parser.parse_args(arguments)
    console, digits = Console(), Digits.loaded()
    found: dict[str, float] = {}
    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]:.4f}"), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        for name, made in (("handgrad", with_handgrad), ("autograd", with_autograd)):
            task = progress.add_task(name, total=asked.epochs, loss=float("nan"))
            weights, curve = train(made(), digits, asked.epochs, lambda loss, task=task: progress.update(task, advance=1, loss=loss))
            found[name] = accuracy(weights, digits)
            if name == "handgrad":
                figure = course(curve, "mean loss", f"The mean loss over {asked.epochs} epochs: from {curve[0]:.4g} to {curve[-1]:.4g}.")
    console.print(figure.fallback, highlight=False)
    console.print("\n".join(f"{name:<9} {share:.2%} of {len(digits.test_t)} test pictures" for name, share in found.items()), highlight=False)
    if asked.curve:
        asked.curve.write_text(figure.svg, encoding="utf-8")
    return found


if __name__ == "__main__":
    main()
