"""`handgrad check --code`: miniatures of the slips that gradient code has, each with a right version that is passed."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from handgrad.checking.code.adapting import CodeError, loaded
from handgrad.checking.code.findings import CodeReport, sarif
from handgrad.checking.slips import KINDS
from handgrad.command import main
from handgrad.commands.code import judged, judged_object
from handgrad.document import Options, formats, render

np = pytest.importorskip("numpy")
CODE = Path(__file__).parent / "code"
BILINEAR = "J = sum[i,k](x[i]*A[i,k]*z[k]) + sum[i](x[i]*z[i])"
SQUARE = "J = sum[i](1/2*(x[i] - t[i])^2)"
pytest_plugins = ["pytester"]


def report(place: str, against: str, by: str = "") -> CodeReport:
    module, _, name = place.partition(":")
    model = str(CODE / against) if against.endswith(".txt") else against
    return judged_object(loaded(f"{CODE / module}.py:{name}"), model, [x for x in by.split(",") if x])


SLIPS = [
    ("variation:without_tie", "variation.txt", "x", "missing_branch", "tie"),
    ("variation:one_sided", "variation.txt", "x", "missing_branch", "tie"),
    ("rms:without_mean_term", "norm.txt", "x", "dropped_term", "the term -xhat[j]*mean[i](G[i]*y[i])/r is missing"),
    ("rms:cotangent_in_one_term", "norm.txt", "x", "missing_factor", "the upstream cotangent G[i] is missing"),
    ("rms:sum_for_mean", "norm.txt", "x", "missing_mean", "the division by size(x, 1)"),
    ("softmax:diagonal", "softmax.txt", "a", "diagonal_only", "one term alone"),
    ("softmax:ce_upstream_on_one_term", "softmax_cross_entropy", "", "missing_factor", "the upstream cotangent G is missing in the term"),
    ("softmax:ce_sum", "mean_cross_entropy.txt", "scores", "missing_mean", "size(scores, 1)"),
    ("softmax:ce_mean", "cross_entropy.txt", "scores", "extra_factor", "divided by size(scores, 1)"),
    ("focal:by_probability", "focal", "", "inner_derivative", "p[i]*(1 - p[i])"),
    ("focal:by_probability", "focal.txt", "scores", "inner_derivative", "p[i]*(1 - p[i])"),
    ("faults:wrong_sign", SQUARE, "x", "sign", "wrong sign"),
    ("faults:twice", SQUARE, "x", "missing_factor", "½"),
    ("faults:transposed", BILINEAR, "A", "transposed", "transposed"),
]


@pytest.mark.parametrize(("place", "against", "by", "kind", "said"), SLIPS, ids=lambda x: str(x)[:30])
def test_the_slip_is_named_with_the_smallest_input_that_shows_it(place: str, against: str, by: str, kind: str, said: str) -> None:
    found = report(place, against, by)
    assert found.status() == 1
    first = found.slips[0]
    assert (first.kind, first.code) == (kind, KINDS[kind].code)
    assert said in found.text(first.said)
    assert first.see and first.yours != first.right


@pytest.mark.parametrize(("place", "against", "by", "kinds"), [
    ("rms:sum_and_sign", "norm.txt", "x", ["sign", "missing_mean"]), ("rms:upstream_and_dropped", "norm.txt", "x", ["dropped_term", "missing_factor"]),
    ("softmax:diagonal_and_halved", "softmax.txt", "a", ["diagonal_only", "missing_factor"]),
])
def test_two_slips_at_once_are_both_named(place: str, against: str, by: str, kinds: list[str]) -> None:
    found = report(place, against, by)
    assert sorted(str(f.kind) for f in found.slips) == sorted(kinds)
    assert ["first" in found.text(f.said) for f in found.slips] == [True, False]


def test_what_no_two_slips_explain_is_a_slip_without_a_name() -> None:
    (found,) = report("softmax:of_nothing_known", "softmax.txt", "a").slips
    assert found.kind is None and "neither a slip that is known nor two of them explain it" in "".join(map(str, found.said))


RIGHT = [
    ("variation:gradient", "variation.txt", "x"), ("variation:hinge", "hinge", ""), ("variation:l1", "l1", ""),
    ("rms:backward", "norm.txt", "x"), ("rms:both", "norm.txt", "x,w"), ("rms:single", "norm.txt", "x,w"),
    ("softmax:backward", "softmax.txt", "a"), ("softmax:ce_backward", "softmax_cross_entropy", ""), ("softmax:ce_in_float32", "softmax_cross_entropy", ""),
    ("softmax:ce_by_label", "softmax_cross_entropy_labels", ""), ("softmax:ce_accurate", "cross_entropy.txt", "scores"),
    ("softmax:ce_mean", "mean_cross_entropy.txt", "scores"), ("softmax:ce_sum", "cross_entropy.txt", "scores"),
    ("softmax:ce_in_bfloat16", "softmax_cross_entropy", ""), ("softmax:ce_naive", "softmax_cross_entropy", ""),
    ("focal:gradient", "focal", ""), ("focal:gradient", "focal.txt", "scores"), ("focal:logistic", "logistic.txt", "scores"),
    ("focal:logistic", "binary_cross_entropy_with_logits", ""), ("faults:right", SQUARE, "x"), ("faults:outer", "y[i] = sum[k](A[i,k]*x[k])", "A"),
    ("faults:bilinear", BILINEAR, "A"),
]


@pytest.mark.parametrize(("place", "against", "by"), RIGHT, ids=lambda x: str(x)[:30])
def test_right_code_is_never_accused(place: str, against: str, by: str) -> None:
    found = report(place, against, by)
    assert found.status() == 0, str(found)
    assert not found.slips


@pytest.mark.parametrize("place", ["rms:backward", "rms:both", "variation:gradient", "softmax:ce_accurate", "focal:gradient", "focal:logistic"])
def test_accurate_code_is_passed_without_a_word(place: str) -> None:
    against = {"rms": "norm.txt", "variation": "variation.txt", "softmax": "cross_entropy.txt", "focal": "focal.txt"}[place.partition(":")[0]]
    against = "logistic.txt" if place == "focal:logistic" else against
    by = {"rms:backward": "x", "rms:both": "x,w", "variation:gradient": "x"}.get(place, "scores")
    assert not report(place, against, by).findings


def test_lost_digits_are_told_with_the_margin_and_the_accurate_form() -> None:
    (found,) = report("softmax:ce_backward", "softmax_cross_entropy").findings
    said = "".join(part for part in found.said if isinstance(part, str))
    assert (found.verdict, found.dtype) == ("digits", "float32")
    assert "at a margin of 15" in said and "16.9 % off" in said
    assert any("use −Σ of the others" in part for part in found.advice if isinstance(part, str))


def test_the_true_class_in_bfloat16_has_no_digits_at_a_probability_of_0_999() -> None:
    (found,) = report("softmax:ce_in_bfloat16", "softmax_cross_entropy").findings
    assert (found.verdict, found.dtype, found.yours) == ("digits", "bfloat16", "0")
    assert "at a margin of 7" in "".join(part for part in found.said if isinstance(part, str))


def test_denormal_inputs_are_tried_in_both_types() -> None:
    (found,) = report("faults:direction", "J = sqrt(sum[i](x[i]^2)); assume x[i] > 0", "x").findings
    assert found.verdict == "digits" and "at a denormal input" in "".join(map(str, found.said))
    assert not report("faults:direction_scaled", "J = sqrt(sum[i](x[i]^2)); assume x[i] > 0", "x").findings


def test_an_overflow_on_the_way_is_no_slip_of_the_formula() -> None:
    lost, none = report("softmax:ce_naive", "softmax_cross_entropy").findings
    assert (lost.verdict, none.verdict, none.yours) == ("digits", "digits", "nan")
    assert "overflows" in "".join(part for part in none.advice if isinstance(part, str))


def test_a_subgradient_of_ones_own_choice_is_a_convention() -> None:
    found = report("variation:hinge_other_side", "hinge")
    assert [f.verdict for f in found.findings] == ["convention"]
    assert (found.status(), found.status(strict=True)) == (0, 1)


def test_an_objective_is_asked_for_its_second_derivative_too() -> None:
    found = report("focal:logistic_hessian_of_one", "logistic.txt", "scores")
    assert found.status() == 1
    assert "the second derivative" in found.text(found.slips[0].said)


@pytest.mark.parametrize(("name", "said"), [
    ("raises", "it raises RuntimeError: no kernel for this size"), ("transposed_shape", "has the shape (1, 1), and x has (1,)"),
    ("two_results", "it returns 3 results, and 1 are asked for: x"), ("in_place", "it changes its argument x in place"),
    ("text", "the gradient by x has the shape (), and x has (1,)"), ("reads_contiguous", "with arrays that are"),
])
def test_code_that_fails_is_a_finding_and_no_traceback(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--code", f"{CODE / 'faults'}.py:{name}", "--against", SQUARE, "--by", "x"]) == 1
    printed = capsys.readouterr()
    assert said in " ".join(printed.out.split())
    assert "Traceback" not in printed.out + printed.err


@pytest.mark.parametrize(("name", "said", "seconds", "seen"), [
    ("hangs", "it does not come back within 1 s", "1", "see it: x = (0), t = (0)"),
    ("crashes_on_three", "its process is ended by SIGSEGV", "30", "see it: x = (1, 1, 1), t = ("),
    ("leaves", "its process ends with status 3", "30", "see it: x = (0), t = (0)"),
])
def test_a_function_that_does_not_come_back_is_one_finding(name: str, said: str, seconds: str, seen: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["check", "--code", f"{CODE / 'faults'}.py:{name}", "--against", SQUARE, "--by", "x", "--seconds", seconds]
    assert main(asked) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert said in printed and seen in printed and printed.count("✗") == 1 and "nothing was looked at after that" in printed
    assert main([*asked, "--json"]) == 1
    assert [f["because"] for f in json.loads(capsys.readouterr().out)["findings"]] == [said]


def test_an_object_that_hangs_is_broken_off() -> None:
    def hangs(x: list[float], t: list[float]) -> None:
        while True:
            with suppress(Exception):
                list(range(10))

    found = judged_object(hangs, SQUARE, ["x"], seconds=0.3)
    assert ["".join(map(str, f.said)) for f in found.slips] == ["it does not come back within 0.3 s"]


@pytest.mark.parametrize(("text", "said"), [
    ("while True: pass", "it does not come back within 1 s"), ("import os; os._exit(2)", "its process ends with status 2"),
])
def test_a_module_that_does_not_load_is_refused(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handgrad.checking.code.serving.LOADING", 1.0 if "while" in text else 30.0)
    (tmp_path / "broken.py").write_text(f"{text}\n", encoding="utf-8")
    with pytest.raises(CodeError, match=f"cannot be loaded: {said}"):
        judged(f"{tmp_path / 'broken.py'}:f", SQUARE, ["x"])


def test_seconds_for_a_call_have_to_be_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--code", "norm:f", "--against", SQUARE, "--seconds", "0"]) == 2
    assert "a call needs some seconds" in capsys.readouterr().err


def test_a_small_difference_that_no_slip_explains_accuses_nobody() -> None:
    found = report("faults:half_digits", SQUARE, "x")
    assert [f.verdict for f in found.findings] == ["undecided"]
    assert found.status() == 0


def test_a_parameter_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(CodeError, match=r"`momentum` of unknown_parameter is no name of the model"):
        report("faults:unknown_parameter", SQUARE, "x")


def test_a_gradient_that_depends_on_what_the_code_is_not_given_is_refused() -> None:
    with pytest.raises(CodeError, match="no parameter for k"):
        report("faults:right", "J = sum[i](k/2*(x[i] - t[i])^2)", "x")


def test_a_transposed_result_is_told_by_its_shape() -> None:
    found = report("faults:turned", "y[i] = sum[k](A[i,k]*x[k])", "A")
    assert found.status() == 1


@pytest.mark.parametrize(("place", "said"), [
    ("nowhere:f", "nowhere cannot be loaded"), ("nowhere", "names no function"), ("rms.py", "names no function"),
    ("missing.py:f", "no such file"), (f"{CODE / 'rms.py'}:nothing", "has no 'nothing'"),
])
def test_code_that_is_not_found_is_refused_in_words(place: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--code", place, "--against", "hinge"]) == 2
    assert said in capsys.readouterr().err


def test_a_dotted_module_in_the_current_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_kernels").mkdir()
    (tmp_path / "own_kernels" / "square.py").write_text("class Of:\n    @staticmethod\n    def grad(x, t):\n        return x - t\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    assert judged("own_kernels.square:Of.grad", SQUARE, ["x"]).status() == 0


def test_what_the_code_prints_and_where_it_exits_does_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "noisy.py"
    file.write_text("print('loaded')\ndef f(x, t):\n    print('called')\n    return x - t\ndef g(x, t):\n    raise SystemExit(3)\n", encoding="utf-8")
    assert main(["check", "--code", f"{file}:f", "--against", SQUARE, "--by", "x", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    assert main(["check", "--code", f"{file}:g", "--against", SQUARE, "--by", "x"]) == 1
    assert "SystemExit" in capsys.readouterr().out


def test_the_report_is_written_in_every_format(tmp_path: Path) -> None:
    found = report("rms:without_mean_term", "norm.txt", "x")
    for form in (f for f in formats() if "/" not in f):
        assert "missing" in render(found, form)
    assert render(found, "terminal", Options(ascii=True)).isascii()
    value = json.loads(json.dumps(found.as_dict()))
    assert value["findings"][0]["code"] == "S104"
    run = json.loads(json.dumps(sarif(found)))["runs"][0]
    assert run["results"][0]["ruleId"] == "S104" and run["results"][0]["level"] == "error"
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] > 1


def test_sarif_is_written_where_the_ending_asks_for_it(tmp_path: Path) -> None:
    file = tmp_path / "report.sarif"
    assert main(["check", "--code", f"{CODE / 'rms'}.py:backward", "--against", str(CODE / "norm.txt"), "--by", "x", "-o", str(file)]) == 0
    value = json.loads(file.read_text(encoding="utf-8"))
    assert value["version"] == "2.1.0" and value["runs"][0]["results"] == []


def test_a_function_of_single_numbers_is_checked_against_a_loss_of_single_numbers() -> None:
    def slope(scores: float, targets: float) -> float:
        if targets * scores < 1:
            return -targets
        return 0.0

    assert judged_object(slope, "hinge", []).status() == 0


def test_without_numpy_lists_are_handed_over_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handgrad.checking.code.arrays.find_spec", lambda _: None)

    def gradient(x: list[float], t: list[float]) -> list[float]:
        return [a - b for a, b in zip(x, t, strict=True)]

    found = judged_object(gradient, SQUARE, ["x"])
    assert found.status() == 0
    assert any("NumPy is not installed" in note for note in found.notes)


PLUGIN = '''
from pathlib import Path
import pytest

def test_right(check_gradient):
    assert check_gradient(lambda x, t: x - t, against="J = sum[i](1/2*(x[i] - t[i])^2)", by="x").status() == 0

def test_wrong(check_gradient):
    check_gradient(lambda x, t: t - x, against="J = sum[i](1/2*(x[i] - t[i])^2)", by="x")
'''


def test_the_fixture_fails_a_test_where_the_code_is_wrong(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PLUGIN)
    installed = any(e.value == "handgrad.pytest_plugin" for e in __import__("importlib.metadata").metadata.entry_points(group="pytest11"))
    result = pytester.runpytest_subprocess(*(() if installed else ("-p", "handgrad.pytest_plugin")))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the whole has the wrong sign*", "*see it: x = *"])
