"""The activations, each defined once."""

from __future__ import annotations

from handgrad.catalogue.elementary import erf, exp, log, sqrt
from handgrad.catalogue.entry import Kink, activation, total
from handgrad.expr import HALF, PI, TWO, Expr, Letter
from handgrad.notation.builders import cases


@activation(latex=r"\sigma", symbol="s", sign="positive")
def sigmoid(x: Expr) -> Expr:
    """Sigmoid: the logistic curve from 0 to 1.

    Its derivative is σ(1 − σ), at most 1/4, at 0. With scores it is the probability of the positive class.
    """
    return 1 / (1 + exp(-x))


@sigmoid.partial("x")
def _(x: Expr) -> Expr:
    return sigmoid(x) * (1 - sigmoid(x))


@activation(latex=r"\tanh", symbol="t")
def tanh(x: Expr) -> Expr:
    """Hyperbolic tangent: an odd curve from −1 to 1.

    It is a sigmoid on another scale: tanh(x) = 2σ(2x) − 1. Its derivative is 1 − tanh², at most 1, at 0.
    """
    return (exp(x) - exp(-x)) / (exp(x) + exp(-x))


@tanh.partial("x")
def _(x: Expr) -> Expr:
    return 1 - tanh(x) ** 2


@activation(latex=r"\mathrm{ReLU}", symbol="r", sign="never negative", kinks=(Kink("x == 0", ("0", "1"), "0"),), source="Nair and Hinton 2010")
def relu(x: Expr) -> Expr:
    """Rectified linear unit: the input where it is positive, else 0.

    At 0 every slope from 0 to 1 is a subgradient; 0 is taken.
    """
    return cases((x, x >= 0), otherwise=0)


@relu.partial("x")
def _(x: Expr) -> Expr:
    return cases((1, x > 0), otherwise=0)


@activation(
    latex=r"\mathrm{LeakyReLU}",
    symbol="r",
    where=("slope >= 0",),
    kinks=(Kink("x == 0", ("slope", "1"), "slope"),),
    defaults={"slope": "0.01"},
    source="Maas, Hannun and Ng 2013",
)
def leaky_relu(x: Expr, slope: Expr) -> Expr:
    """Leaky rectified linear unit: a small slope where the input is negative.

    At 0 the slope of the negative side is taken.
    """
    return cases((x, x > 0), otherwise=slope * x)


@leaky_relu.partial("x")
def _(x: Expr, slope: Expr) -> Expr:
    return cases((1, x > 0), otherwise=slope)


@activation(
    latex=r"\mathrm{ELU}",
    symbol="r",
    symbols={"alpha": "alpha"},
    where=("alpha > 0",),
    kinks=(Kink("x == 0", ("alpha", "1"), "alpha"),),
    defaults={"alpha": "1"},
    source="Clevert, Unterthiner and Hochreiter 2016",
)
def elu(x: Expr, alpha: Expr) -> Expr:
    """Exponential linear unit: bends towards −α where the input is negative.

    With α = 1 it has a derivative everywhere; otherwise the slope α of the negative side is taken at 0.
    """
    return cases((x, x > 0), otherwise=alpha * (exp(x) - 1))


@elu.partial("x")
def _(x: Expr, alpha: Expr) -> Expr:
    return cases((1, x > 0), otherwise=alpha * exp(x))


@activation(latex=r"\mathrm{softplus}", symbol="p", sign="positive", source="Dugas and others 2001")
def softplus(x: Expr) -> Expr:
    """Softplus: a ReLU without the corner.

    Its derivative is the sigmoid.
    """
    return log(1 + exp(x))


@softplus.partial("x")
def _(x: Expr) -> Expr:
    return sigmoid(x)


@activation(latex=r"\mathrm{SiLU}", symbol="f", lets={"sigmoid": "s"}, source="Hendrycks and Gimpel 2016; Elfwing, Uchibe and Doya 2018")
def silu(x: Expr) -> Expr:
    """Sigmoid linear unit: the input times its sigmoid.

    It is swish with β = 1 and falls to about −0.278 before it rises.
    """
    return x * sigmoid(x)


@silu.partial("x")
def _(x: Expr) -> Expr:
    return sigmoid(x) * (1 + x * (1 - sigmoid(x)))


@activation(latex=r"\mathrm{swish}", symbol="f", lets={"sigmoid": "s"}, defaults={"beta": "1"}, source="Ramachandran, Zoph and Le 2017")
def swish(x: Expr, beta: Expr) -> Expr:
    """Swish: the input times the sigmoid of β times the input.

    β = 0 gives x/2, and a large β a ReLU.
    """
    return x * sigmoid(beta * x)


@swish.partial("x")
def _(x: Expr, beta: Expr) -> Expr:
    return sigmoid(beta * x) * (1 + beta * x * (1 - sigmoid(beta * x)))


@swish.partial("beta")
def _(x: Expr, beta: Expr) -> Expr:
    return x**2 * sigmoid(beta * x) * (1 - sigmoid(beta * x))


@activation(latex=r"\mathrm{GELU}", symbol="f", source="Hendrycks and Gimpel 2016")
def gelu(x: Expr) -> Expr:
    """Gaussian error linear unit: the input times the probability that a standard normal variable is below it.

    This is the exact one, by the error function.
    """
    return x * (1 + erf(x / sqrt(TWO))) / 2


@gelu.partial("x")
def _(x: Expr) -> Expr:
    return HALF * (1 + erf(x / sqrt(TWO))) + x * exp(-(x**2) / 2) / sqrt(2 * PI)


@activation(latex=r"\mathrm{softmax}", symbol="s", sign="positive", symbols={"x": "a"}, along="k", shapes="C values along an axis to C values")
def softmax(k: Letter, x: Expr) -> Expr:
    """Softmax: positive values that sum to one along an axis.

    Adding one number to all inputs changes nothing.
    """
    return exp(x) / total(k, exp(x))


@activation(latex=r"\log\mathrm{softmax}", symbol="p", symbols={"x": "a"}, along="k", shapes="C values along an axis to C values")
def log_softmax(k: Letter, x: Expr) -> Expr:
    """Log-softmax: the logarithm of the softmax.

    The input less the logarithm of the sum of the exponentials.
    """
    return x - log(total(k, exp(x)))
