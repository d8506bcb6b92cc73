"""The primitives of the targets python and numpy: within four units of the last place, without errors, and with the limits of compiled code."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from handgrad.kernels.error_function import FAR, NEAR
from handgrad.kernels.loading import module_of
from handgrad.kernels.scalar_primitives import FUNCTIONS, TEXTS, texts_of
from handgrad.kernels.targets.numpy import HELPERS
from handgrad.kernels.targets.numpy import package as numpy_package

HEADER = Path(__file__).parents[1]/"src/handgrad/kernels/mathematics.h"
mp = mpmath.mp.clone()
mp.prec = 200
TRUE: dict[str, tuple[Callable[[Any], Any], float, float]] = {          # the function, and where it is tried
    "exp": (mp.exp, -745.0, 709.0), "expm1": (mp.expm1, -40.0, 700.0), "log": (mp.log, 0.0, 1e10), "log1p": (mp.log1p, -1.0, 10.0),
    "sinh": (mp.sinh, -700.0, 700.0), "cosh": (mp.cosh, -700.0, 700.0), "tanh": (mp.tanh, -20.0, 20.0), "sech": (mp.sech, -700.0, 700.0),
    "erf": (mp.erf, -6.0, 6.0), "erfc": (mp.erfc, -6.0, 27.0), "normal_cdf": (mp.ncdf, -38.0, 9.0), "sigmoid": (lambda x: 1/(1 + mp.exp(-x)), -740.0, 40.0),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), -740.0, 40.0), "bell": (lambda x: mp.exp(-x*x/2), -38.0, 38.0),
    "silu": (lambda x: x/(1 + mp.exp(-x)), -740.0, 740.0), "gelu": (lambda x: x*mp.ncdf(x), -37.5, 40.0),
    "silu_slope": (lambda x: (1 + mp.exp(-x) + x*mp.exp(-x))/(1 + mp.exp(-x))**2, -1.0, 740.0), "gelu_slope": (lambda x: mp.ncdf(x) + x*mp.npdf(x), -0.5, 40.0),
    "tan": (mp.tan, -10.0, 10.0), "sin": (mp.sin, -10.0, 10.0), "cos": (mp.cos, -10.0, 10.0),
}
LOOSE = {"numpy sinh": 5, "numpy cosh": 5}                              # numpy's own
NEAREST = 2.0**-1074


@cache
def scalar() -> Any:
    """All functions of single numbers as one module."""
    return module_of("import math\nfrom math import erf, erfc, pi, prod, tanh\n\n\n" + "\n\n".join(texts_of(TEXTS)), "primitives")


@cache
def over_arrays() -> Any:
    """All functions over numpy's arrays as one module."""
    return module_of("import numpy as np\n\n\n" + "\n\n".join(numpy_package("float64").helpers[name] for name in HELPERS), "primitives")


def points(low: float, high: float, count: int) -> list[float]:
    """Numbers of all sizes within the bounds, more of them near 0 than far."""
    rng = random.Random(f"{low} {high}")
    found = [rng.uniform(low, high) for _ in range(count)]
    found += [x*10.0**-rng.randint(0, 20) for x in found[: count//2]]
    return [x for x in (*found, 0.8, -0.8, 0.80000001, 1.0, -1.0, 0.5, 1e-300, -1e-310) if low < x < high]


def units(name: str, found: list[float], x: list[float]) -> float:
    true = TRUE[name][0]
    worst = 0.0
    for value, at in zip(found, x, strict=True):
        exact = true(mp.mpf(at))
        worst = max(worst, float(abs(mp.mpf(value) - exact)/mp.mpf(max(math.ulp(float(exact)), NEAREST))))
    return worst


@pytest.mark.parametrize("target", ["python", "numpy"])
@pytest.mark.parametrize("name", TRUE)
def test_a_primitive_is_within_four_units_of_the_last_place(target: str, name: str) -> None:
    x = points(*TRUE[name][1:], 300)
    if target == "python":
        found = [getattr(scalar(), FUNCTIONS[name])(each) for each in x]
    else:
        function = getattr(over_arrays(), name, None) or getattr(np, name)
        with np.errstate(all="ignore"):
            found = [float(each) for each in function(np.array(x))]
    assert units(name, found, x) <= LOOSE.get(f"{target} {name}", 4)


SPECIALS = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, -1e308, 5e-324]


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("pi", "stop", "max", "min", "clip", "exp_difference")])
def test_functions_of_single_numbers_raise_nothing_and_have_the_limits_of_numpy(name: str) -> None:
    own = abs if name == "abs" else getattr(scalar(), FUNCTIONS[name])
    other = getattr(over_arrays(), name, None) or getattr(np, name)
    for x in SPECIALS:
        with np.errstate(all="ignore"):
            wanted = float(other(np.array(x)))
        assert own(x) == pytest.approx(wanted, rel=1e-14, abs=0, nan_ok=True), x


# not to the power 0.5, which numpy takes as a root
@pytest.mark.parametrize("pair", [(x, y) for x in (*SPECIALS, -8.0, 2.5, -1.0) for y in (*SPECIALS, -1.0, -2.0, 3.0, 0.75, 1.5)], ids=str)
def test_quotients_powers_and_extremes_are_those_of_numpy(pair: tuple[float, float]) -> None:
    x, y = pair
    with np.errstate(all="ignore"):
        wanted = {"quotient": np.divide(x, y), "power": np.power(x, y), "larger": np.maximum(x, y), "smaller": np.minimum(x, y),
                  "exp_difference": over_arrays().exp_difference(np.float64(x), np.float64(y))}
    for name, value in wanted.items():
        found = getattr(scalar(), name)(x, y)
        assert found == pytest.approx(float(value), rel=1e-15, abs=0, nan_ok=True), name
        assert math.isnan(found) or name in ("larger", "smaller") or math.copysign(1, found) == math.copysign(1, value), name


def test_a_number_is_rounded_to_single_precision_as_numpy_rounds_it() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        x = rng.uniform(-1, 1)*2.0**rng.randint(-160, 130)
        with np.errstate(over="ignore"):
            assert scalar().single(x) == float(np.float32(x)), x
    assert scalar().single(1 + 2.0**-24) == 1.0 and scalar().single(1 + 3*2.0**-24) == 1 + 2.0**-22 and math.isnan(scalar().single(math.nan))


def test_the_polynomials_of_the_error_function_are_those_of_the_compiled_mathematics() -> None:
    text = HEADER.read_text(encoding="utf-8")
    for title, own in (("erf", NEAR), ("tail", FAR)):
        body = re.search(rf"double hg_{title}_series_d\(double x\)\n\{{(.*?)\n\}}", text, re.DOTALL)
        assert body is not None
        numbers = {float.fromhex(word) for word in re.findall(r"-?0x1\.[0-9a-f]*p[+-]\d+", body[1])}
        assert numbers == set(own) and len(numbers) == len(own)


def test_the_error_function_keeps_shapes_and_goes_through_all_blocks() -> None:
    module = over_arrays()
    x = np.linspace(-30, 30, 20_003)
    found = module.erfc(x)
    assert found[:10_001] == pytest.approx([math.erfc(v) for v in x[:10_001]], rel=1e-15) and found[-9:].tolist() == [math.erfc(v) for v in x[-9:]]
    assert module.erf(x.reshape(83, 241)).shape == (83, 241) and module.erf(0.5).shape == () and module.erf(np.zeros((0, 3))).shape == (0, 3)
    assert [repr(v) for v in module.erf(np.array([-0.0, np.inf, np.nan])).tolist()] == ["-0.0", "1.0", "nan"]
