"""`handgrad check --code` of a `torch.autograd.Function` and a `jax.custom_vjp`: asked through their vjp."""

from __future__ import annotations

from pathlib import Path

import pytest

from handgrad.checking.code.findings import CodeReport
from handgrad.commands.code import judged

HERE = Path(__file__).parent
NORM = str(HERE.parent / "code" / "norm.txt")


def of_torch(name: str, against: str, *by: str) -> CodeReport:
    pytest.importorskip("torch")
    return judged(f"{HERE / 'kernels_in_torch.py'}:{name}", against, by)


def of_jax(name: str, *by: str) -> CodeReport:
    pytest.importorskip("jax")
    return judged(f"{HERE / 'kernels_in_jax.py'}:{name}", NORM, by)


def test_a_right_autograd_function_is_passed() -> None:
    assert not of_torch("RmsNorm", NORM, "x", "w").findings
    assert not of_torch("WithSetupContext", NORM, "x", "w").findings
    assert of_torch("CrossEntropy", "softmax_cross_entropy").status() == 0


def test_a_slip_in_an_autograd_function_is_named() -> None:
    found = of_torch("WithoutMeanTerm", NORM, "x", "w")
    assert [f.kind for f in found.slips] == ["dropped_term"]
    assert found.line > 1


def test_an_autograd_function_that_drops_the_upstream_cotangent_is_found() -> None:
    found = of_torch("CotangentDropped", "softmax_cross_entropy")
    assert [f.kind for f in found.slips] == ["missing_factor"]
    assert "cotangent" in found.text(found.slips[0].said)


def test_a_plain_function_of_tensors_in_bfloat16_loses_its_digits() -> None:
    found = of_torch("in_bfloat16", "softmax_cross_entropy")
    assert [(f.verdict, f.dtype) for f in found.findings] == [("digits", "bfloat16")]
    assert any("reversed" in note for note in found.notes)      # torch has no negative strides, and says so


def test_functions_of_a_framework_are_tried_in_bfloat16_too() -> None:
    model = str(HERE.parent / "code" / "cross_entropy.txt")
    assert not [f for f in of_torch("Accurate", model, "scores").findings if f.dtype == "bfloat16"]
    (found,) = [f for f in of_torch("NarrowAccumulator", model, "scores").findings if f.dtype == "bfloat16"]
    assert found.verdict == "digits" and "at a margin of 7" in "".join(map(str, found.said))


def test_that_a_function_takes_no_bfloat16_is_told_and_is_no_slip() -> None:
    found = of_torch("HalfRefused", NORM, "x", "w")
    assert not found.findings and "in bfloat16, it raises TypeError: no kernel for bfloat16" in found.notes


def test_a_right_custom_vjp_is_passed() -> None:
    assert not of_jax("rms_norm", "x", "w").findings


def test_a_slip_in_a_custom_vjp_is_named() -> None:
    assert [f.kind for f in of_jax("without_mean_term", "x", "w").slips] == ["dropped_term"]
