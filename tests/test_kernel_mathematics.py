"""The mathematics of the kernels: every function within its units of the last place, on floats of all sizes and on doubles against balls."""

from __future__ import annotations

import importlib.util
import math
import re
import subprocess
import sys
from functools import cache

import pytest

from support_mathematics import FLAGS, FUNCTIONS, LIMITS, REAL, ROOT, applied, compiler, floats, judged, library, points

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler here")
HEADER = ROOT / "src/handgrad/kernels/mathematics.h"
ULP = {"f": 2.0, "d": 4.0}
LIBRARY = ("sqrt", "sin", "cos", "tan", "sinh", "cosh")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_million_floats_are_within_two_units_of_the_last_place(name: str) -> None:
    verdict = floats(name, step=4093)
    assert verdict.count > 10**6
    assert (verdict.zeros, verdict.nans) == (0, 0), (name, verdict.where)
    assert verdict.ulp <= ULP["f"], (name, verdict.ulp, verdict.where)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in LIBRARY])
def test_without_a_fused_multiply_add_the_units_are_the_same(name: str) -> None:
    if "x86_64" not in _machine():
        pytest.skip("the level without one is that of x86-64")
    verdict = floats(name, step=8191, march="x86-64")
    assert (verdict.zeros, verdict.nans) == (0, 0), (name, verdict.where)
    assert verdict.ulp <= ULP["f"], (name, verdict.ulp, verdict.where)
    x = points(3_000, seed=1)
    verdict = judged(name, "d", x, applied(name, "d", x, "x86-64"))
    assert (verdict.zeros, verdict.nans) == (0, 0), (name, verdict.where)
    assert verdict.ulp <= ULP["d"], (name, verdict.ulp, verdict.where)


@pytest.mark.nightly
@pytest.mark.parametrize("march", ["native", "x86-64"])
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in LIBRARY])
def test_all_floats_are_within_two_units_of_the_last_place(name: str, march: str) -> None:
    if march != "native" and "x86_64" not in _machine():
        pytest.skip("the level is that of x86-64")
    verdict = floats(name, step=1, march=march)
    assert verdict.count == 2**32
    assert (verdict.zeros, verdict.nans) == (0, 0), (name, verdict.where)
    assert verdict.ulp <= ULP["f"], (name, verdict.ulp, verdict.where)


@pytest.mark.parametrize("precision", ["f", "d"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_balls_agree_within_the_units_of_the_precision(name: str, precision: str) -> None:
    x = [float(REAL[precision](p).value) for p in points(10_000 if precision == "d" else 2_000)]
    verdict = judged(name, precision, x, applied(name, precision, x))
    assert verdict.count > 700
    assert (verdict.zeros, verdict.nans) == (0, 0), (name, verdict.where)
    assert verdict.ulp <= ULP[precision], (name, verdict.ulp, verdict.where)


@pytest.mark.parametrize("precision", ["f", "d"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_nan_stays_and_an_infinity_gives_the_limit(name: str, precision: str) -> None:
    nan, *found = applied(name, precision, [math.nan, -math.inf, math.inf] * 11)[:3]
    assert math.isnan(nan)
    assert [repr(abs(v)) if math.isnan(v) else repr(v) for v in found] == [repr(v) for v in LIMITS[name]]


@pytest.mark.parametrize(("name", "root"), [("gelu_slope", 0.7517915246935645), ("silu_slope", 1.2784645427610738)])
def test_a_slope_keeps_its_digits_at_its_root(name: str, root: float) -> None:
    x = [-(root + i * math.ulp(root)) for i in range(-500, 501)]
    assert judged(name, "d", x, applied(name, "d", x)).ulp <= ULP["d"]


def _assembly(march: str) -> dict[str, str]:
    """The instructions of a loop over each function of the precision, by name."""
    names = [n for n in FUNCTIONS if n not in LIBRARY] + ["sqrt", "sign"]
    loops = "\n".join(f'void loop_{n}_{p}(const {r} *restrict x, {r} *restrict y, long n) {{ _Pragma("omp simd") for (long i = 0; i < n; i++) '
                      f"y[i] = hg_{n}_{p}(x[i]); }}" for n in names for p, r in (("f", "float"), ("d", "double")))
    command = [str(compiler()), *(f for f in FLAGS if f != "-shared"), f"-march={march}", f"-I{HEADER.parent}", "-S", "-x", "c", "-", "-o", "-"]
    done = subprocess.run(command, input='#include "mathematics.h"\n' + loops, capture_output=True, text=True, check=True)
    return dict(re.findall(r"^(loop_\w+):\n(.*?)\.size\s+\1", done.stdout, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize(("march", "register"), [("x86-64", "xmm"), ("x86-64-v3", "ymm"), ("x86-64-v4", "zmm")])
def test_every_function_is_vectorised_and_calls_nothing(march: str, register: str) -> None:
    if not hasattr(library(), "apply_exp_f") or "x86" not in _machine():
        pytest.skip("the levels are those of x86-64")
    found = _assembly(march)
    assert len(found) == 2 * 18
    for name, text in found.items():
        assert f"%{register}" in text and not re.search(r"\bcall\b|jmp\s+(?!\.L)\w", text), name


@cache
def _machine() -> str:
    return subprocess.run([str(compiler()), "-dumpmachine"], capture_output=True, text=True, check=True).stdout


def test_the_header_is_what_its_script_makes() -> None:
    pytest.importorskip("mpmath")
    path = ROOT / "tools/polynomials.py"
    spec = importlib.util.spec_from_file_location("polynomials", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["polynomials"] = module
    spec.loader.exec_module(module)
    assert module.header() == HEADER.read_text(encoding="utf-8")
