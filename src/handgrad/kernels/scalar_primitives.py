"""The primitives as functions of single numbers in Python, for the text of a module that needs nothing but `math`.

None raises an error: what is too large is inf, what has no value nan, as in compiled code. None loses digits where the value is small.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from handgrad.kernels.primitives import WORDS

# of each primitive its function; those of `math` that have a value everywhere are imported as they are
FUNCTIONS: Mapping[str, str] = {
    **{name: name for name in ("exp", "expm1", "log", "log1p", "sqrt", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sech", "erf", "erfc", "clip",
                               "sigmoid", "softplus", "normal_cdf", "bell", "exp_difference", "power_of_two", "pi",
                               "silu", "silu_slope", "gelu", "gelu_slope")},
    "abs": "abs", "max": "larger", "min": "smaller", "stop": "",
}
IMPORTED = ("pi", "tanh", "erf", "erfc", "prod")
BUILT_IN = ("abs", "sum")

TEXTS: Mapping[str, str] = {
    "exp": '''
def exp(x):
    """e^x; inf where it is past the largest number."""
    return math.inf if x > 709.782712893384 else math.exp(x)
''',
    "expm1": '''
def expm1(x):
    """e^x - 1; inf where it is past the largest number."""
    return math.inf if x > 709.782712893384 else math.expm1(x)
''',
    "log": '''
def log(x):
    """The logarithm; -inf of 0, and nan of what is below."""
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan
''',
    "log1p": '''
def log1p(x):
    """log(1 + x); -inf of -1, and nan of what is below."""
    return math.log1p(x) if x > -1 else -math.inf if x == -1 else math.nan
''',
    "sqrt": '''
def sqrt(x):
    """The square root; nan of what is below 0."""
    return math.sqrt(x) if x >= 0 else math.nan
''',
    "sin": '''
def sin(x):
    """The sine; nan of infinite x."""
    return math.sin(x) if math.isfinite(x) else math.nan
''',
    "cos": '''
def cos(x):
    """The cosine; nan of infinite x."""
    return math.cos(x) if math.isfinite(x) else math.nan
''',
    "tan": '''
def tan(x):
    """The tangent; nan of infinite x."""
    return math.tan(x) if math.isfinite(x) else math.nan
''',
    "sinh": '''
def sinh(x):
    """The hyperbolic sine; infinite where it is past the largest number."""
    return math.copysign(math.inf, x) if abs(x) > 710.4758600739439 else math.sinh(x)
''',
    "cosh": '''
def cosh(x):
    """The hyperbolic cosine; inf where it is past the largest number."""
    return math.inf if abs(x) > 710.4758600739439 else math.cosh(x)
''',
    "sech": '''
def sech(x):
    """1/cosh x = 2 e^-|x| / (1 + e^-2|x|)."""
    e = math.exp(-abs(x))
    return 2.0*e/(1.0 + e*e)
''',
    "sign": '''
def sign(x):
    """-1, 0 or 1; nan of nan."""
    return 1.0 if x > 0 else -1.0 if x < 0 else x
''',
    "sigmoid": '''
def sigmoid(x):
    """1/(1 + e^-x), from the exponential that cannot overflow."""
    e = math.exp(-abs(x))
    return 1.0/(1.0 + e) if x >= 0 else e/(1.0 + e)
''',
    "logistic": '''
def logistic(x):
    """sigmoid(x) and sigmoid(-x) from one exponential, of which 1 is not taken off."""
    e = math.exp(-abs(x))
    w = 1.0/(1.0 + e)
    return (w, e*w) if x >= 0 else (e*w, w)
''',
    "softplus": '''
def softplus(x):
    """log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)."""
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x)))
''',
    "clip": '''
def clip(x, low, high):
    """x within two bounds; nan stays."""
    return low if x < low else high if x > high else x
''',
    "larger": '''
def larger(x, y):
    """The larger of two numbers; nan if one of them is."""
    return x if x > y or x != x else y
''',
    "smaller": '''
def smaller(x, y):
    """The smaller of two numbers; nan if one of them is."""
    return x if x < y or x != x else y
''',
    "largest": '''
def largest(numbers):
    """The largest number; nan if one of them is."""
    found = -math.inf
    for x in numbers:
        if x > found or x != x:
            found = x
    return found
''',
    "smallest": '''
def smallest(numbers):
    """The smallest number; nan if one of them is."""
    found = math.inf
    for x in numbers:
        if x < found or x != x:
            found = x
    return found
''',
    "place_of_largest": '''
def place_of_largest(numbers):
    """Where the largest number is, the first from 1; where a nan is, if there is one."""
    place, found = 1, -math.inf
    for at, x in enumerate(numbers, 1):
        if x > found or x != x:
            place, found = at, x
            if x != x:
                break
    return place
''',
    "quotient": '''
def quotient(x, y):
    """x/y; of a division by 0 an infinity, and nan of 0/0."""
    if y != 0:
        return x/y
    return math.nan if x == 0 or x != x else math.copysign(math.inf, x)*math.copysign(1.0, y)
''',
    "square": '''
def square(x):
    """x*x."""
    return x*x
''',
    "power": '''
def power(x, y):
    """x^y; infinite past the largest number and of 0 to a negative power, nan of a negative number to a power that is no integer."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        return math.nan if x < 0 else math.copysign(math.inf, x) if y % 2 == 1 else math.inf
''',
    "silu": '''
def silu(x):
    """x sigmoid(x); far out to the left x e^x, with e^64 taken out, so that it is no subnormal number before it is multiplied."""
    x = clip(x, -800.0, math.inf)
    return x*math.exp(x + 64.0)*1.603810890548638e-28 if x < -80.0 else x*sigmoid(x)
''',
    "silu_slope": '''
def silu_slope(x):
    """The derivative of x sigmoid(x)."""
    x = clip(x, -800.0, 800.0)
    return (1.0 + x)*math.exp(x + 64.0)*1.603810890548638e-28 if x < -80.0 else sigmoid(x)*(1.0 + x*sigmoid(-x))
''',
    "gelu": '''
def gelu(x):
    """x times the normal law at x; far out to the left minus the density times the asymptotic series, before the law is a subnormal number."""
    if not x < -37.0:
        return x*normal_cdf(x)
    x = clip(x, -64.0, math.inf)
    q = 1.0/(x*x)
    return -0.3989422804014327*bell(x)*(1.0 - q*(1.0 - 3.0*q*(1.0 - 5.0*q*(1.0 - 7.0*q*(1.0 - 9.0*q*(1.0 - 11.0*q))))))
''',
    "gelu_slope": '''
def gelu_slope(x):
    """The derivative of x times the normal law: the law and x times its density."""
    x = clip(x, -64.0, 64.0)
    return normal_cdf(x) + 0.3989422804014327*x*bell(x)
''',
    "exp_difference": '''
def exp_difference(x, y):
    """e^(x - y): what the difference loses in rounding is put back, e^(d + r) = e^d (1 + r)."""
    d = x - y
    back = d - x
    rest = (x - (d - back)) - (y + back)
    return exp(d)*(1.0 + rest) if math.isfinite(d) else exp(d)
''',
    "bell": '''
def bell(x):
    """e^(-x^2/2), the square in two words."""
    x = clip(x, -64.0, 64.0)
    return math.exp(-0.5*(x*x))*(1.0 - 0.5*square_rest(x))
''',
    "square_rest": '''
def square_rest(x):
    """What x*x loses in rounding."""
    c = SPLIT*x
    head = c - (c - x)
    tail = x - head
    return ((head*head - x*x) + 2.0*head*tail) + tail*tail
''',
    "normal_cdf": '''
def normal_cdf(x):
    """(1 + erf(x/sqrt(2)))/2 = erfc(-x/sqrt(2))/2; what the quotient loses in rounding is put back through the slope of erfc."""
    x = clip(x, -64.0, 64.0)
    u = -ROOT*x
    c = SPLIT*u
    head = c - (c - u)
    tail = u - head
    # the rest r of x = -sqrt(2) (u + r), from the product u sqrt(2) in two words
    q = u*TWO_ROOT
    error = ((head*HEAD - q) + head*TAIL + tail*HEAD) + tail*TAIL
    rest = -((x + q) + (error + u*LOW))/TWO_ROOT
    return 0.5*(math.erfc(u) - 1.1283791670955126*math.exp(-u*u)*rest)
''',
    "power_of_two": '''
def power_of_two(x):
    """The power of two at or below |x|; 1 for 0, inf and nan."""
    return math.ldexp(1.0, math.frexp(x)[1] - 1) if x != 0 and math.isfinite(x) else 1.0
''',
    "single": '''
def single(x):
    """The number of 24 digits in base two that is nearest to x, as float32 has them."""
    if x == 0 or not math.isfinite(x):
        return x
    mantissa, exponent = math.frexp(x)
    last = max(exponent - 24, -149)
    rounded = math.ldexp(round(math.ldexp(mantissa, exponent - last)), last)
    return rounded if abs(rounded) < 2.0**128 else math.copysign(math.inf, x)
''',
}


def texts_of(used: Iterable[str], texts: Mapping[str, str] = TEXTS) -> list[str]:
    """The texts of functions, each after those that it calls itself."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        for other in texts:
            if other != name and other not in found and re.search(rf"(?<![\w.]){other}\(", texts[name]):
                visit(other)
        found[name] = None

    for name in used:
        if name in texts:
            visit(name)
    return [_written(texts[name]) for name in found]


def _written(text: str) -> str:
    text = text.strip("\n")
    for word, value in sorted(WORDS["float64"].items(), key=lambda pair: -len(pair[0])):
        text = text.replace(word, value)
    return text + "\n"
