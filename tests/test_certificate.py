"""The re-check of saved derivations with mpmath alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handgrad.catalogue import entries
from handgrad.certificate import recheck
from handgrad.command import main
from handgrad.errors import ModelError


def saved(model: str, of: str, wrt: str | list[str], text: str, where: list[dict[str, str]] | None = None, **more: Any) -> dict[str, Any]:
    return {"model": model, "of": of, "wrt": [wrt] if isinstance(wrt, str) else wrt, "result": {"text": text, "where": where or []}, **more}


RIGHT = [
    saved("s = 1/(1 + exp(-x))", "s", "x", "s*(1 - s)"),
    saved("s[i] = softmax[i](a[i])", "s[i]", "a[j]", "s[i]*(delta[i,j] - s[j])"),
    saved("assume sum[k](y[k]) == 1\ns[k] = softmax[k](a[k])\nJ = -sum[k](y[k]*log(s[k]))", "J", "a[j]", "s[j] - y[j]"),
    saved("assume y[i] in {-1, 1}\nJ = sum[i](max(0, 1 - y[i]*g(w, x[i])))", "J", "w",
          "sum[i]((-y[i] if y[i]*g(w, x[i]) < 1 else 0)*d(g(w, x[i]), w))"),
    saved("L = log(sum[k](exp(a[k])))", "L", ["a[i]", "a[j]"], "s[i]*(delta[i,j] - s[j])", [{"name": "s[i]", "text": "softmax[i](a[i])"}]),
    saved("J = sum[i](softmax_cross_entropy_labels[k](a[i,k], t[i]))\nassume t[i] in 1..size(a, 2)", "J", "a[p,q]",
          "softmax[k](a[p,k])[q] - delta[q,t[p]]"),
    saved("y[t] = sum[k](w[k]*x[t + k])", "y[t]", "w[k]", "x[t + k]"),
    saved("f = stop(x)*x", "f", "x", "x"),
    saved("p = log(1 + exp(x))", "p", ["x", "x", "x"], "sigmoid(x)*(1 - sigmoid(x))*(1 - 2*sigmoid(x))"),
]
WRONG = [
    saved("s = 1/(1 + exp(-x))", "s", "x", "s*(1 + s)"),
    saved("s[i] = softmax[i](a[i])", "s[i]", "a[j]", "s[i]*(1 - s[j])"),
    saved("J = sum[i](g(w, x[i])^2)", "J", "w", "sum[i](g(w, x[i])*d(g(w, x[i]), w))"),
    saved("s[k] = softmax[k](a[k])\nJ = -sum[k](y[k]*log(s[k]))", "J", "a[j]", "s[j] - y[j]"),
]


@pytest.mark.parametrize("derivation", RIGHT, ids=lambda d: d["model"].splitlines()[-1])
def test_a_right_result_agrees(derivation: dict[str, Any]) -> None:
    (finding,) = recheck(derivation)
    assert finding.verdict == "agrees", finding


@pytest.mark.parametrize("derivation", WRONG, ids=lambda d: d["model"].splitlines()[-1])
def test_a_wrong_result_is_found(derivation: dict[str, Any]) -> None:
    (finding,) = recheck(derivation)
    assert finding.verdict == "apart" and "against" in finding.because


def test_a_wrong_step_is_found_under_its_title() -> None:
    steps = [{"title": "quotient rule", "before": "d(s, x)", "after": "exp(-x)/(1 + exp(-x))^2",
              "substeps": [{"title": "a slip", "before": "d(exp(-x), x)", "after": "exp(-x)"}]}]
    findings = recheck({**RIGHT[0], "steps": steps})
    assert [(f.line, f.verdict) for f in findings] == [("result", "agrees"), ("quotient rule", "agrees"), ("a slip", "apart")]


def test_what_cannot_be_read_is_undecided() -> None:
    (finding,) = recheck(saved("s = x", "s", "x", "1 +"))
    assert finding.verdict == "undecided" and "cannot be read" in finding.because


def test_what_is_no_derivation_is_refused() -> None:
    with pytest.raises(ModelError, match="no saved derivation"):
        recheck({"title": "a shopping list"})


def test_the_command_tells_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "derivation.json"
    file.write_text(json.dumps(RIGHT[0]), encoding="utf-8")
    assert main(["certificate", str(file)]) == 0
    assert "1 of 1 line agrees" in capsys.readouterr().out
    file.write_text(json.dumps(WRONG[0]), encoding="utf-8")
    assert main(["certificate", str(file)]) == 1
    assert "✗" in capsys.readouterr().out
    file.write_text("{", encoding="utf-8")
    assert main(["certificate", str(file)]) == 2
    assert "is no JSON" in capsys.readouterr().err


@pytest.mark.parametrize("name", [e.name for e in entries()])
def test_what_derive_saves_of_every_entry_agrees(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", name, "--json"]) == 0
    findings = recheck(json.loads(capsys.readouterr().out))
    assert len(findings) > 1
    assert [f for f in findings if f.verdict != "agrees"] == []


@pytest.mark.parametrize("words", [
    ["r = sqrt(mean[i](x[i]^2) + e); y[i] = w[i]*x[i]/r", "--pullback", "y", "--by", "x,w"],
    ["h[j] = sigmoid(b[j] + sum[i](W[i,j]*x[i])); E = 1/2*(sum[j](v[j]*h[j]) - t)^2", "--by", "W,b,v"],
    ["L = log(sum[k](exp(a[k])))", "--wrt", "a[i]", "--wrt", "a[j]"],
    ["s = sigmoid(x)", "--of", "s^2", "--wrt", "x", "--order", "2"],
    ["J = sum[i](hinge(g(w, x[i]), y[i])); assume y[i] in {-1, 1}", "--wrt", "w"],
], ids=lambda words: words[0])
def test_what_derive_saves_agrees(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", *words, "--json"]) == 0
    findings = recheck(json.loads(capsys.readouterr().out))
    assert [f for f in findings if f.verdict != "agrees"] == []


@pytest.mark.parametrize("formula", ["x*9^9^9^9", "x*sin(10^(10^9))", "x^(10^5000)", "x*tanh(exp(exp(50)))", "x*exp(exp(exp(x + 9)))"])
def test_what_is_too_large_to_compute_is_left_open_at_once(formula: str) -> None:
    (finding,) = recheck(saved(f"J = {formula}", "J", "x", f"{formula}/x"))
    assert finding.verdict == "undecided"


@pytest.mark.parametrize(("key", "value"), [
    ("result", {"text": "2*x", "latex": "3 x", "where": []}), ("result", {"text": "3*x", "latex": "2 x", "where": []}),
    ("matrix", {"text": "x", "shapes": "n"}), ("wrt", ["y"]),
])
def test_a_file_that_says_two_things_is_found(key: str, value: Any) -> None:
    result = {"text": "2*x", "latex": "2 x", "where": []}
    whole = saved("f = x^2", "f", "x", "") | {"result": result, "matrix": None, "results": [{"wrt": ["x"], "result": result, "matrix": None}]}
    assert [f.verdict for f in recheck(whole)] == ["agrees"]
    assert [f.equation for f in recheck(whole | {key: value}) if f.verdict == "apart"] == [f"`{key}`"]


@pytest.mark.parametrize(("result", "said"), [("2*x", "1 of 1 line agrees with mpmath to 30 digits, at 3 points or more."),
                                              ("3*x", "0 of 1 line agrees with mpmath to 30 digits.")])
def test_the_count_is_a_sentence(result: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "saved.json"
    file.write_text(json.dumps(saved("f = x^2", "f", "x", result)), encoding="utf-8")
    main(["certificate", str(file), "--width", "120"])
    assert said in capsys.readouterr().out
