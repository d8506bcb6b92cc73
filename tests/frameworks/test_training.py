"""The example trains end to end: derived gradients through an optimiser of torch reach what autograd reaches."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    sys.path.insert(0, str(EXAMPLES))
    try:
        import train_digits
    finally:
        sys.path.remove(str(EXAMPLES))
    return train_digits


def test_the_example_reaches_the_accuracy_of_autograd(
    example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found = example.main(["--epochs", "12", "--curve", str(tmp_path / "curve.svg")])
    assert found["handgrad"] == pytest.approx(found["autograd"], abs=0.005)
    assert found["handgrad"] > 0.94
    printed = capsys.readouterr().out
    assert "mean loss, by epoch" in printed
    assert "12/12" in printed
    assert max(map(len, printed.splitlines())) <= 80
    assert (tmp_path / "curve.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_step_with_derived_gradients_is_a_step_of_autograd(example: ModuleType) -> None:
    digits = example.Digits.loaded()
    x, t = next(digits.batches(0))
    slopes = {}
    for name, loss in (("ours", example.with_handgrad()), ("torch", example.with_autograd())):
        weights = example.started()
        loss(weights, x, t).backward()
        slopes[name] = {key: weight.grad for key, weight in weights.items()}
    for key, slope in slopes["torch"].items():
        assert torch.allclose(slopes["ours"][key], slope, rtol=1e-4, atol=1e-7)
