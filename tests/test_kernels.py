"""Compiled models: values and gradients are those of ball arithmetic, and bad arguments are refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import handgrad
from handgrad.catalogue import entries
from handgrad.catalogue.models import model as text_of
from handgrad.command import main
from handgrad.errors import HandgradError, ModelError
from handgrad.expr import Reduce
from handgrad.kernels.building import compiler
from handgrad.kernels.compilation import Kernel
from handgrad.kernels.loading import module_of
from handgrad.kernels.naming import identifier, names_for
from handgrad.kernels.program import program_of
from handgrad.kernels.sizes import ArgumentError, sizes_of
from support_cases import CASES
from support_kernels import EPSILON, places, truths

MODELS: dict[str, tuple[str, str | None]] = {f"catalogue: {e.name}": (text_of(e), None) for e in entries()}
for _q in CASES:
    MODELS.setdefault(_q.name.rpartition(",")[0] if "by" in _q.rest else _q.name, (_q.model, _q.of))

# differences in which most digits cancel whatever the form: how many units of the last place of the greatest entry they may be off
LOOSE = {"activations: softplus with sharpness": 1e6, "attention": 1e3, "pullbacks: softmax": 300}
SATURATED = ("activations: softmax by its temperature", "activations: softmax Jacobian with temperature", "algebra: log-sum-exp at a temperature")
UNITS = 128
NEEDS_COMPILER = pytest.mark.skipif(compiler() is None, reason="no C compiler on this machine")
CLASSES = "J = -sum[i](log(softmax[k](a[i,k])[t[i]])); assume t[i] in 1..size(a, 2)"


def allowed(name: str) -> float:
    return next((units for start, units in LOOSE.items() if name.startswith(start)), UNITS)


def off(found: Any, true: np.ndarray[Any, Any], dtype: str = "float64") -> float:
    """By how many units of the last place, of the greatest entry, what was found is off where there is a true value."""
    known = np.isfinite(true)
    assert np.shape(found) == true.shape
    if not known.any():
        return 0.0
    apart = np.abs(np.asarray(found, dtype=float) - true)[known]
    assert not np.isnan(apart).any(), f"nan for a finite input: {found}"
    return float(apart.max()/(EPSILON[dtype]*max(float(np.abs(true[known]).max()), 1e-290)))


@pytest.mark.parametrize("name", MODELS)
def test_value_and_gradients_are_those_of_ball_arithmetic(name: str) -> None:
    text, of = MODELS[name]
    asked = handgrad.model(text)
    if asked.functions:
        with pytest.raises(ModelError, match="abstract function"):
            handgrad.compile(asked, of=of, target="numpy")
        return
    kernel = handgrad.compile(asked, of=of, target="numpy")
    for place in places(kernel, asked, range(4)):
        value, slopes = kernel(**place.inputs)
        found = {"value": value, **slopes}
        for key, true in truths(place, kernel, kernel.program.value):
            if not (name in SATURATED and key == "T"):
                assert off(found[key], true) <= allowed(name), f"{key}: {found[key]} and not {true}"


@pytest.mark.parametrize(("target", "units"), [("numpy", 0.51), pytest.param("c", 2.0, marks=NEEDS_COMPILER)])
@pytest.mark.parametrize("name", [n for n in MODELS if n.startswith("catalogue")])
def test_float32_is_rounded_once_in_numpy_and_good_to_two_units_in_c(name: str, target: str, units: float) -> None:
    asked = handgrad.model(MODELS[name][0])
    kernel = handgrad.compile(asked, target=target, dtype="float32")
    for place in places(kernel, asked, range(3), "float32"):
        value, slopes = kernel(**place.inputs)
        for key, true in truths(place, kernel, kernel.program.value):
            assert off({"value": value, **slopes}[key], true, "float32") <= units


def arrays_of(kernel: Kernel, longest: int) -> dict[str, Any]:
    """Positive numbers for every input, axes of different lengths, positions within their axis; what windows run over is long enough for them."""
    lengthened: set[str] = set()
    while True:
        found = numbers_for(kernel, longest, lengthened)
        try:
            sizes_of(kernel.program, {name: value.shape for name, value in found.items()})
        except ArgumentError as error:
            assert error.argument not in lengthened
            lengthened.add(error.argument)
        else:
            return found


def numbers_for(kernel: Kernel, longest: int, lengthened: set[str]) -> dict[str, Any]:
    random = np.random.default_rng(longest)
    sizes: dict[Any, int] = {}
    for given in kernel.program.inputs:
        for axis in (*given.axes, *([given.label] if given.label is not None else [])):
            sizes.setdefault(axis, longest + len(sizes) + (3*longest if given.name in lengthened else 0))
    shapes = {i: tuple(sizes[axis] for axis in i.axes) for i in kernel.program.inputs}
    return {i.name: random.integers(1, sizes[i.label] + 1, shape) if i.label is not None else random.uniform(0.2, 1.2, shape) for i, shape in shapes.items()}


in_c = pytest.param("c", marks=NEEDS_COMPILER)
sample = pytest.mark.parametrize("name", [n if number % 8 == 0 else pytest.param(n, marks=pytest.mark.nightly) for number, n in enumerate(MODELS)])


@pytest.mark.parametrize(("target", "longest"), [
    pytest.param("c", 3, id="c in straight lines", marks=in_c.marks), pytest.param("c", 40, id="c in loops", marks=in_c.marks),
    pytest.param("python", 2, id="python in straight lines"), pytest.param("python", 9, id="python in loops"),
])
@sample
def test_all_targets_give_what_numpy_gives(name: str, target: str, longest: int) -> None:
    text, of = MODELS[name]
    asked = handgrad.model(text)
    if asked.functions:
        pytest.skip("an abstract function has no numbers")
    kernel = handgrad.compile(asked, of=of, target="numpy")
    inputs = arrays_of(kernel, longest)
    value, slopes = kernel(**inputs)
    other = handgrad.compile(asked, of=of, target=target)(**inputs)
    for found, wanted in ((other[0], value), *((other[1][key], slopes[key]) for key in slopes)):
        assert np.shape(found) == np.shape(wanted)
        assert np.allclose(found, wanted, rtol=1e-11, atol=1e-13*float(np.abs(wanted).max(initial=0)), equal_nan=True)


@NEEDS_COMPILER
@pytest.mark.parametrize("size", [3, 40], ids=["in straight lines", "in loops"])
@pytest.mark.parametrize("text", [
    "z'[n] = max[i](x[n,i]); J = sum[n](z'[n]^2)",
    "double[n] = prod[i](x[n,i]); k1[n] = sum[i](double[n]*x[n,i]^2); lo = sum[n](double[n]*k1[n])",
    "a_r1[n] = max[i](x[n,i]); r[n] = sum[i]((x[n,i] - a_r1[n])^2); r_0[n] = max[i](x[n,i]*r[n]); J = sum[n](r[n]*r_0[n])",
    "f_J_0[n] = sum[i](x[n,i]^2); x_[n] = f_J_0[n]; size_0 = sum[n](x_[n]^3); hg_run = size_0^2",
])
def test_names_that_the_code_has_for_itself_may_stand_in_a_model(text: str, size: int) -> None:
    x = np.random.default_rng(size).uniform(0.5, 1.5, (6, size))
    (value, slopes), (wanted, right) = (handgrad.compile(text, by=["x"], target=target)(x=x) for target in ("c", "numpy"))
    assert np.isclose(value, wanted, rtol=1e-11) and np.allclose(slopes["x"], right["x"], rtol=1e-11)


# ---------------------------------------------------------------- what is differentiated


def test_a_jacobian_has_the_indices_of_the_value_first() -> None:
    kernel = handgrad.compile("z[j] = sum[i](W[i,j]*x[i]); y[j] = tanh(z[j])", target="numpy")
    W, x = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]), np.array([1.0, -2.0])
    y, slopes = kernel(W=W, x=x)
    assert slopes["x"] == pytest.approx((1 - y**2)[:, None]*W.T)
    assert slopes["W"] == pytest.approx(np.einsum("j,i,jk->jik", 1 - y**2, x, np.eye(3)))


def test_one_entry_and_a_formula_are_differentiated() -> None:
    assert handgrad.compile("y[j] = sum[i](W[i,j]*x[i])", of="y[2]", by="x", target="numpy")(W=[[1, 2], [3, 4]], x=[5, 6])[0] == 34
    assert handgrad.compile("J = sum[i](x[i]^2)", of="2*J", target="numpy")(x=[3.0])[1]["x"].tolist() == [12.0]


@pytest.mark.parametrize("kind", ["sum", "mean", "prod", "max", "min", "norm", "logsumexp"])
@pytest.mark.parametrize("inner", ["m[j,k]^2", "1 if m[j,k] > 1 else 2"])
@pytest.mark.parametrize("target", ["numpy", in_c, "python"])
def test_a_reduction_counts_what_is_the_same_for_every_index(target: str, inner: str, kind: str) -> None:
    m, x = np.array([[0.3, 1.2], [0.9, 1.1], [1.4, 0.8]]), np.arange(8.0).reshape(4, 2)
    repeated = getattr(np, kind) if hasattr(np, kind) else {"norm": np.linalg.norm, "logsumexp": np.logaddexp.reduce}[kind]
    total = np.where(m > 1, 1.0, 2.0) if "if" in inner else m**2
    asked = f"y[j] = {kind}[i in 1..size(x, 1)](sum[k]({inner})); J = sum[j](y[j]) + {kind}[i in 1..size(x, 1)](sum[j,k]({inner})) + sum[i,k](x[i,k]*m[1,k])"
    value, _ = handgrad.compile(asked, by="x", target=target)(m=m, x=x)
    wanted = sum(repeated(np.full(4, row.sum())) for row in total) + repeated(np.full(4, total.sum()))
    assert value == pytest.approx(wanted + (x*m[0]).sum(), rel=1e-12)


def test_a_cotangent_is_contracted_with_the_jacobian() -> None:
    text = "y[j] = tanh(sum[i](W[i,j]*x[i]))"
    given = {"W": np.arange(6.0).reshape(2, 3)/7, "x": np.array([1.0, -0.5])}
    G = np.array([1.0, -2.0, 0.25])
    whole, pulled = handgrad.compile(text, target="numpy"), handgrad.compile(text, cotangent=True, target="numpy")
    for name, slope in pulled(**given, G=G)[1].items():
        assert slope == pytest.approx(np.tensordot(G, whole(**given)[1][name], 1))


@pytest.mark.parametrize("target", ["numpy", in_c, "python"])
def test_products_of_the_hessian_are_those_with_its_blocks(target: str) -> None:
    text = "z[j] = b[j] + sum[i](W[i,j]*x[i]); E = sum[j](v[j]*tanh(z[j]))"
    rng = np.random.default_rng(1)
    given = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3), "x": rng.normal(size=2), "v": rng.normal(size=3)}
    v_W, v_b = rng.normal(size=(2, 3)), rng.normal(size=3)
    _, _, blocks = handgrad.compile(text, by=["W", "b"], order=2, target=target)(**given)
    _, slopes, products = handgrad.compile(text, by=["W", "b"], hvp=True, target=target)(**given, v_W=v_W, v_b=v_b)
    assert products["W"] == pytest.approx(np.einsum("ijkl,kl->ij", blocks["W", "W"], v_W) + np.einsum("ijk,k->ij", blocks["W", "b"], v_b), abs=1e-15)
    assert products["b"] == pytest.approx(np.einsum("jkl,kl->j", blocks["b", "W"], v_W) + blocks["b", "b"] @ v_b, abs=1e-15)
    step = 1e-6
    moved = handgrad.compile(text, by=["W", "b"], target=target)(**{**given, "W": given["W"] + step*v_W, "b": given["b"] + step*v_b})[1]
    assert (np.subtract(moved["W"], slopes["W"]))/step == pytest.approx(np.asarray(products["W"]), abs=1e-5)


def test_a_fact_that_ties_what_is_differentiated_by_is_not_used() -> None:
    text = "J = sum[k](y[k]*(logsumexp[m](a[m]) - a[k]))\nassume sum[k](y[k]) == 1"
    slopes = handgrad.compile(text, target="numpy")(y=[0.5, 0.5], a=[0.0, 0.0])[1]
    assert slopes["y"] == pytest.approx(np.log([2.0, 2.0]))


@pytest.mark.parametrize("target", ["numpy", in_c])
@pytest.mark.parametrize(("x", "slopes", "along"), [
    ([3.0, 0.0, 2.0], [0, 6, 0], [2, 5, 3]), ([0.0, 0.0, 2.0], [0, 0, 0], [2, 2, 0]), ([1e-200, 1e-200, 2.0], [2e-200, 2e-200, 0], [2, 2, 2e-200])])
def test_slopes_of_a_product_hold_where_a_factor_is_0(target: str, x: list[float], slopes: list[float], along: list[float]) -> None:
    product = handgrad.compile("y = prod[i](x[i])", by=["x"], hvp=True, target=target)
    value, found, second = product(x=np.array(x), v_x=np.ones(3))
    assert value == np.prod(x) and np.asarray(found["x"]).tolist() == slopes and np.allclose(second["x"], along, rtol=1e-15, atol=0)


@pytest.mark.parametrize("target", ["numpy", in_c])
def test_slopes_of_a_scaled_normalisation_hold_where_all_entries_are_alike(target: str) -> None:
    text = "m = mean[i](x[i]); v = mean[i]((x[i] - m)^2); y[i] = (x[i] - m)/sqrt(v + e)*w[i]"
    kernel = handgrad.compile(text, by=["x"], cotangent=True, hvp=True, target=target)
    _, slopes, second = kernel(x=np.full(3, 2.0), w=np.ones(3), e=0.25, G=np.array([1.0, 2.0, 6.0]), v_x=np.ones(3))
    assert np.allclose(slopes["x"], [-4, -2, 6], rtol=1e-15, atol=0) and np.allclose(second["x"], 0, atol=1e-14)


def test_what_does_not_run_along_a_sum_is_summed_once() -> None:
    text = "m = mean[i](x[i]); v = mean[i]((x[i] - m)^2); y[i] = (x[i] - m)/sqrt(v + e)*w[i] + b[i]"
    parts = program_of(text, by=["x"], cotangent=True).parts
    assert not any(isinstance(p.body, Reduce) and p.letters for p in parts)


@pytest.mark.parametrize("target", ["numpy", in_c])
def test_an_input_that_only_tells_a_length_is_asked_for(target: str) -> None:
    value, slopes = handgrad.compile("y[i] = 2 + 0*x[i]", by=["x"], cotangent=True, target=target)(x=np.arange(3.0))
    assert value.tolist() == [2, 2, 2] and slopes["x"].tolist() == [0, 0, 0]
    window = handgrad.compile("y[t] = max[k](x[t+k-1] + 0*w[k])", by=["x"], target=target)
    assert window.inputs == ("x", "w") and window(x=np.arange(5.0), w=np.ones(3))[0].tolist() == [2, 3, 4]


def test_windows_run_to_the_length_that_is_left() -> None:
    kernel = handgrad.compile("y[t] = sum[k](w[k]*x[t+k-1]); J = sum[t](y[t]^2)", target="numpy")
    w, x = np.array([1.0, -2.0]), np.array([1.0, 2.0, 4.0, 8.0])
    y = np.convolve(x, w[::-1], "valid")
    value, slopes = kernel(w=w, x=x)
    assert value == (y**2).sum()
    assert slopes["x"] == pytest.approx(np.convolve(2*y, w))
    with pytest.raises(ArgumentError, match="`x`"):
        kernel(w=np.ones(5), x=np.ones(2))


# ---------------------------------------------------------------- digits


def test_masked_logits_give_exactly_zero_and_confident_ones_keep_their_digits() -> None:
    kernel = handgrad.compile(CLASSES, by="a", target="numpy")
    assert kernel(a=[[0.0, -np.inf, 0.0]], t=[1])[1]["a"].tolist() == [[-0.5, 0.0, 0.5]]
    value, slopes = kernel(a=[[700.0, 0.0]], t=[1])
    assert value == pytest.approx(9.859676543759770e-305, rel=1e-14) == slopes["a"][0, 1]
    assert np.isnan(kernel(a=[[np.nan, 0.0]], t=[1])[0])


@pytest.mark.parametrize("x", [-37.0, -20.0, -3.3, -0.7517915246935645, 0.0, 1e-300, 5.0, 30.0])
def test_the_normal_distribution_keeps_its_digits_in_the_tail(x: float) -> None:
    import mpmath
    kernel = handgrad.compile("J = x*(1 + erf(x/sqrt(2)))/2", target="numpy")
    with mpmath.workdps(60):
        true = float(mpmath.mpf(x)*mpmath.ncdf(x))
    assert abs(kernel(x=x)[0] - true) <= 4*np.spacing(abs(true))


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize("target", ["numpy", in_c, "python"])
@pytest.mark.parametrize(("given", "said"), [
    ({"a": [[1.0, 2.0]]}, "`t` is missing"),
    ({"a": [[1.0, 2.0]], "t": [1], "b": 1}, "`b` is no input"),
    ({"a": [1.0, 2.0], "t": [1]}, "`a` has 1 axis"),
    ({"a": [[1.0, 2.0]], "t": [1, 2]}, "`t` has 2 entries along i, where `a` has 1"),
    ({"a": [[1.0, 2.0]], "t": [0]}, "`t` holds 0, and positions run from 1 to 2"),
    ({"a": [[1.0, 2.0]], "t": [3]}, "`t` holds 3, and positions run from 1 to 2"),
    ({"a": [[1.0, 2.0]], "t": [1.0]}, "`t` holds float64, and its entries are positions"),
    ({"a": [["x", "y"]], "t": [1]}, "`a` holds str32, and no real numbers"),
    ({"a": [[1j, 2.0]], "t": [1]}, "`a` holds complex128"),
    ({"a": [[1.0, 2.0], [3.0]], "t": [1, 1]}, "`a` cannot be made an array"),
    ({"a": np.zeros((1, 0)), "t": np.zeros(1, int)}, "there are no classes"),
])
def test_a_bad_argument_is_refused_by_name(target: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError) as refusal:
        handgrad.compile(CLASSES, by="a", target=target)(**given)
    assert said in str(refusal.value)


@pytest.mark.parametrize("target", ["numpy", in_c])
def test_empty_and_strided_arrays_are_right(target: str) -> None:
    kernel = handgrad.compile(CLASSES, by="a", target=target)
    value, slopes = kernel(a=np.zeros((0, 3)), t=np.zeros(0, int))
    assert value == 0 and slopes["a"].shape == (0, 3)
    wide = np.arange(24.0).reshape(4, 6)
    t = np.array([1, 3, 2, 1])
    plain = kernel(a=wide[:, ::2].copy(), t=t)
    for a in (wide[:, ::2], np.asfortranarray(wide[:, ::2]), wide[:, ::2].astype(">f8")):
        assert kernel(a=a, t=t)[1]["a"].tolist() == plain[1]["a"].tolist()
        assert kernel.copies(a=a, t=t) == ("a",)
    assert kernel.copies(a=wide, t=t) == ()


@pytest.mark.parametrize("target", ["numpy", in_c])
def test_buffers_are_written_and_bad_ones_refused(target: str) -> None:
    kernel = handgrad.compile("J = 1/2*sum[i](x[i]^2)", target=target)
    x, slope = np.array([3.0, 4.0]), np.zeros(2)
    bound = kernel.bind(x=x, out={"x": slope})
    assert bound() == 12.5 and slope.tolist() == [3.0, 4.0]
    x[:] = 1
    assert bound() == 1.0 and slope.tolist() == [1.0, 1.0]
    locked = np.zeros(2)
    locked.flags.writeable = False
    for buffer, said in ((x, "overlaps `x`"), (locked, "read-only"), (np.zeros(3), "shape"), (np.zeros(2, "f4"), "float32"), (np.zeros(4)[::2], "rows")):
        with pytest.raises(ArgumentError, match=said):
            kernel.bind(x=x, out={"x": buffer})
    with pytest.raises(HandgradError, match="copied"):
        kernel.bind(x=np.zeros(4)[::2])


@pytest.mark.parametrize(("options", "said"), [
    ({"target": "fortran"}, "no target"), ({"dtype": "float16"}, "dtype"), ({"order": 3}, "order 3"), ({"by": "z"}, "`z`"), ({"of": "K"}, "`K`"),
    ({"threads": -1}, "threads"),
])
def test_what_cannot_be_compiled_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(HandgradError, match=said):
        handgrad.compile("J = x^2", **options)


def test_results_do_not_share_memory_with_arguments() -> None:
    x = np.array([1.0, 2.0])
    slopes = handgrad.compile("J = sum[i](x[i]*y[i])", target="numpy")(x=x, y=x)[1]
    assert not np.shares_memory(slopes["x"], x)


# ---------------------------------------------------------------- text


def test_a_problem_file_brings_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "set.toml"
    path.write_text('model = "J = 1/2*(w*x - y)^2"\ngradient = { of = "J", by = ["w"] }\n[given]\nw = 2\nx = 3\ny = 1\n')
    assert handgrad.compile(str(path), target="numpy")() == (12.5, {"w": 15.0})
    assert handgrad.compile(path, target="numpy")(w=0)[0] == 0.5


def test_names_of_the_catalogue_and_their_arguments_are_known() -> None:
    assert handgrad.compile("huber", target="numpy")(scores=3.0, targets=0.0)[0] == 2.5
    with pytest.raises(ModelError, match="nor in the catalogue"):
        handgrad.compile("hubert")


def test_names_that_cannot_stand_in_code_get_others() -> None:
    program = program_of("len = lambda*np; J = len^2*n_i")
    names = names_for(program, {"np"})
    assert (names["len"], names["lambda"], names["np"], names["n_i"]) == ("len_", "lambda_", "np_", "n_i")
    assert [identifier(title) for title in ("w₁", "θ'", "2x")] == ["w1", "theta_prime", "v_2x"]
    slopes = handgrad.compile("J = sum[i](lambda[i]*np*n_i*sigmoid)", target="numpy")(**{"lambda": [2.0], "np": 3, "n_i": 4, "sigmoid": 5})[1]
    assert {name: float(np.sum(slope)) for name, slope in slopes.items()} == {"lambda": 60.0, "np": 40.0, "n_i": 30.0, "sigmoid": 24.0}


def test_emitted_text_runs_by_itself(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["emit", "J = sum[i](x[i]^3)", "--to", "numpy"]) == 0
    value, slopes = module_of(capsys.readouterr().out, "emitted").value_and_gradients(x=[1.0, 2.0])
    assert value == 9 and slopes["x"].tolist() == [3.0, 12.0]
    assert main(["emit", "J = sum[i](x[i]^3)", "-o", str(tmp_path / "j.c")]) == 0
    assert "hg_run" in (tmp_path / "j.c").read_text()
    assert main(["emit", "J = x", "--to", "cobol"]) == 2


def test_second_derivatives_of_a_masked_product_are_those_of_differences() -> None:
    random = np.random.default_rng(0)
    kernel = handgrad.compile("y[k] = prod[i,l](x[i,l] if m[i,l] == 1 else 1)", by=["x"], cotangent=True, hvp=True, target="numpy")
    x, v = random.uniform(0.5, 1.5, (3, 2)), random.standard_normal((3, 2))
    m = np.array([[0, 1], [1, 0], [1, 1]], dtype=float)
    h = 1e-6
    above, below = (kernel(x=x + sign*h*v, m=m, v_x=v, G=[1.5])[1]["x"] for sign in (1, -1))
    assert np.allclose(kernel(x=x, m=m, v_x=v, G=[1.5])[2]["x"], (above - below)/(2*h), rtol=1e-7, atol=1e-8)
