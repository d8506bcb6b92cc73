"""Operations on one number at a time, and on pairs of numbers that are stretched to one shape."""

from __future__ import annotations

from typing import Any

from oracle.writing import Beyond, Page, axes, written

UNARY = {
    "abs": "abs({x})", "neg": "-{x}", "exp": "exp({x})", "exp2": "exp({x}*log(2))", "expm1": "expm1({x})", "log": "log({x})", "log1p": "log1p({x})",
    "log2": "log({x})/log(2)", "log10": "log({x})/log(10)", "sqrt": "sqrt({x})", "rsqrt": "1/sqrt({x})", "square": "{x}^2", "reciprocal": "1/{x}",
    "sin": "sin({x})", "cos": "cos({x})", "tan": "tan({x})", "sinh": "sinh({x})", "cosh": "cosh({x})", "tanh": "tanh({x})",
    "asinh": "(log({x} + sqrt({x}^2 + 1)) if {x} >= 0 else -log(sqrt({x}^2 + 1) - {x}))", "acosh": "log({x} + sqrt(({x} - 1)*({x} + 1)))",
    "atanh": "(log1p({x}) - log1p(-{x}))/2", "sigmoid": "sigmoid({x})", "erf": "erf({x})", "erfc": "1 - erf({x})", "special.ndtr": "(1 + erf({x}/sqrt(2)))/2",
    "special.log_ndtr": "log((1 + erf({x}/sqrt(2)))/2)", "special.erfcx": "exp({x}^2)*(1 - erf({x}))", "special.entr": "-{x}*log({x})",
    "sinc": "(sin(pi*{x})/(pi*{x}) if {x} != 0 else 1)", "deg2rad": "{x}*pi/180", "rad2deg": "{x}*180/pi", "positive": "{x}", "sign": "sign({x})",
    "sgn": "sign({x})", "angle": "(0 if {x} >= 0 else pi)", "real": "{x}", "conj": "{x}", "conj_physical": "{x}", "resolve_conj": "{x}",
    "resolve_neg": "{x}", "clone": "{x}", "contiguous": "{x}", "alias_copy": "{x}", "zero_": "0*{x}",
    "nn.functional.relu": "relu({x})", "nn.functional.relu6": "min(max({x}, 0), 6)", "nn.functional.silu": "silu({x})",
    "nn.functional.hardswish": "{x}*min(max({x} + 3, 0), 6)/6", "nn.functional.hardsigmoid": "min(max({x} + 3, 0), 6)/6",
    "nn.functional.mish": "{x}*tanh(softplus({x}))", "nn.functional.softsign": "{x}/(1 + abs({x}))", "nn.functional.tanhshrink": "{x} - tanh({x})",
    "nn.functional.logsigmoid": "-softplus(-{x})",
    "nn.functional.selu": "1.0507009873554804934193349852946*({x} if {x} > 0 else 1.6732632423543772848170429916717*expm1({x}))",
}


def _unary(name: str, formula: str) -> None:
    @written(name)
    def _(page: Page, input: Any, inplace: bool = False, **ignored: Any) -> None:
        x, at = page.whole("x", input)
        page.gives(at, formula.format(x=x))


for _name, _formula in UNARY.items():
    _unary(_name, _formula)


@written("nn.functional.elu")
def _(page: Page, input: Any, alpha: float = 1.0, inplace: bool = False) -> None:
    x, at = page.whole("x", input)
    page.gives(at, f"elu({x}, {page.tensor('alpha', alpha).name})")


@written("nn.functional.celu")
def _(page: Page, input: Any, alpha: float = 1.0, inplace: bool = False) -> None:
    x, at = page.whole("x", input)
    a = page.tensor("alpha", alpha).name
    page.gives(at, f"{x} if {x} > 0 else {a}*expm1({x}/{a})")


@written("nn.functional.leaky_relu")
def _(page: Page, input: Any, negative_slope: float = 0.01, inplace: bool = False) -> None:
    x, at = page.whole("x", input)
    page.gives(at, f"leaky_relu({x}, {page.tensor('slope', negative_slope).name})")


@written("nn.functional.gelu")
def _(page: Page, input: Any, approximate: str = "none") -> None:
    x, at = page.whole("x", input)
    page.gives(at, f"gelu({x})" if approximate == "none" else f"{x}/2*(1 + tanh(sqrt(2/pi)*({x} + 0.044715*{x}^3)))")


@written("nn.functional.softplus")
def _(page: Page, input: Any, beta: float = 1, threshold: float = 20) -> None:
    x, at = page.whole("x", input)
    b, t = page.tensor("beta", beta).name, page.tensor("threshold", threshold).name
    page.gives(at, f"{x} if {b}*{x} > {t} else softplus({b}*{x})/{b}")


@written("nn.functional.hardtanh")
def _(page: Page, input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
    x, at = page.whole("x", input)
    page.gives(at, f"clip({x}, {page.tensor('low', min_val).name}, {page.tensor('high', max_val).name})")


@written("nn.functional.hardshrink")
def _(page: Page, input: Any, lambd: float = 0.5) -> None:
    x, at = page.whole("x", input)
    edge = page.tensor("edge", lambd).name
    page.gives(at, f"{x} if {x} > {edge} or {x} < -{edge} else 0")


@written("nn.functional.softshrink")
def _(page: Page, input: Any, lambd: float = 0.5) -> None:
    x, at = page.whole("x", input)
    edge = page.tensor("edge", lambd).name
    page.gives(at, f"{x} - {edge} if {x} > {edge} else {x} + {edge} if {x} < -{edge} else 0")


@written("nn.functional.threshold")
def _(page: Page, input: Any, threshold: float, value: float, inplace: bool = False) -> None:
    x, at = page.whole("x", input)
    page.gives(at, f"{x} if {x} > {page.tensor('edge', threshold).name} else {page.tensor('held', value).name}")


@written("nn.functional.prelu")
def _(page: Page, input: Any, weight: Any) -> None:
    x, at = page.whole("x", input)
    w = page.tensor("w", weight)
    slope = w.at() if not w.shape else w.at(("1",)) if w.shape == (1,) else w.at((at[1 if len(at) > 1 else 0],))
    page.gives(at, f"{x} if {x} > 0 else {slope}*{x}")


@written("nn.functional.glu")
def _(page: Page, input: Any, dim: int = -1) -> None:
    x = page.tensor("x", input)
    at = list(axes(input.dim()))
    dim %= input.dim()
    half = input.shape[dim] // 2
    first, second = (page.positions(name, range(start, start + half)).at(at[dim:dim + 1]) for name, start in (("a", 0), ("b", half)))
    page.gives(at, f"{x.at((*at[:dim], first, *at[dim + 1:]))}*sigmoid({x.at((*at[:dim], second, *at[dim + 1:]))})")


@written("logit")
def _(page: Page, input: Any, eps: float | None = None) -> None:
    x, at = page.whole("x", input)
    p = x if eps is None else f"min(max({x}, {(e := page.tensor('eps', eps).name)}), 1 - {e})"
    page.gives(at, f"log({p}) - log1p(-{p})")


# ------------------------------------------------------------ pairs

BINARY = {
    "mul": "{x}*{z}", "div.no_rounding_mode": "{x}/{z}", "true_divide": "{x}/{z}", "__rmul__": "{x}*{z}", "__radd__": "{x} + {z}", "__rsub__": "{z} - {x}",
    "__rdiv__": "{z}/{x}", "maximum": "max({x}, {z})", "minimum": "min({x}, {z})", "fmax": "max({x}, {z})", "fmin": "min({x}, {z})",
    "max.binary": "max({x}, {z})", "min.binary": "min({x}, {z})", "hypot": "sqrt({x}^2 + {z}^2)", "logaddexp": "log(exp({x}) + exp({z}))",
    "logaddexp2": "log(2^{x} + 2^{z})/log(2)", "xlogy": "(0 if {x} == 0 else {x}*log({z}))", "special.xlog1py": "(0 if {x} == 0 else {x}*log1p({z}))",
    "ldexp": "{x}*2^{z}", "copysign": "(abs({x}) if {z} >= 0 else -abs({x}))", "clamp_min": "max({x}, {z})", "clamp_max": "min({x}, {z})",
    "pow": "{x}^{z}", "float_power": "{x}^{z}", "__rpow__": "{z}^{x}",
}


def _binary(name: str, formula: str) -> None:
    @written(name)
    def _(page: Page, input: Any, other: Any, **ignored: Any) -> None:
        at, (x, z) = page.stretched(x=input, z=other)
        page.gives(at, formula.format(x=x, z=z))


for _name, _formula in BINARY.items():
    _binary(_name, _formula)


def _scaled(name: str, formula: str) -> None:
    @written(name)
    def _(page: Page, input: Any, other: Any, alpha: float = 1) -> None:
        at, (x, z) = page.stretched(x=input, z=other)
        page.gives(at, formula.format(x=x, z=z if alpha == 1 else f"{page.tensor('alpha', alpha).name}*{z}", a=page.tensor("alpha", alpha).name))


_scaled("add", "{x} + {z}")
_scaled("sub", "{x} - {z}")


@written("rsub")
def _(page: Page, input: Any, other: Any, alpha: float = 1) -> None:
    at, (x, z) = page.stretched(x=input, z=other)
    page.gives(at, f"{z} - {page.tensor('alpha', alpha).name}*{x}")


@written("clamp")
def _(page: Page, input: Any, min: Any = None, max: Any = None) -> None:
    given = {name: bound for name, bound in (("low", min), ("high", max)) if bound is not None}
    at, (x, *bounds) = page.stretched(x=input, **given)
    for name, bound in zip(given, bounds, strict=True):
        x = f"{'max' if name == 'low' else 'min'}({x}, {bound})"
    page.gives(at, x)


@written("lerp")
def _(page: Page, input: Any, end: Any, weight: Any) -> None:
    at, (x, z, w) = page.stretched(x=input, z=end, w=weight)
    page.gives(at, f"{x} + {w}*({z} - {x})")


@written("addcmul")
def _(page: Page, input: Any, tensor1: Any, tensor2: Any, value: float = 1) -> None:
    at, (x, z, w) = page.stretched(x=input, z=tensor1, w=tensor2)
    page.gives(at, f"{x} + {page.tensor('c', value).name}*{z}*{w}")


@written("addcdiv")
def _(page: Page, input: Any, tensor1: Any, tensor2: Any, value: float = 1) -> None:
    at, (x, z, w) = page.stretched(x=input, z=tensor1, w=tensor2)
    page.gives(at, f"{x} + {page.tensor('c', value).name}*{z}/{w}")


@written("where")
def _(page: Page, input: Any, condition: Any, other: Any) -> None:
    at, (x, m, z) = page.stretched(x=input, m=condition, z=other)
    page.gives(at, f"{x} if {m} == 1 else {z}")


@written("masked_fill")
def _(page: Page, input: Any, mask: Any, value: Any) -> None:
    at, (x, m, c) = page.stretched(x=input, m=mask, c=value)
    page.gives(at, f"{c} if {m} == 1 else {x}")


@written("nan_to_num")
def _(page: Page, input: Any, **ignored: Any) -> None:
    if not input.isfinite().all():
        raise Beyond("nan and infinities are no numbers of the notation")
    x, at = page.whole("x", input)
    page.gives(at, x)
