"""The primitives as functions over arrays, for the text of a module: what packages lack, or have only with fewer digits.

`@` stands for the module's name. None of them loses digits where the value is small, and none overflows on the way.
"""

from __future__ import annotations

from collections.abc import Mapping

SIGN = "@.where(x >= 0, number(1.0), -1.0)"

COMMON: Mapping[str, str] = {
    "sigmoid": f'''
def sigmoid(x):
    """1/(1 + e^-x), from the exponential that cannot overflow."""
    e = @.exp(-{SIGN}*x)
    return @.where(x >= 0, 1.0, e)/(1 + e)
''',
    "softplus": f'''
def softplus(x):
    """log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)."""
    return @.where(x >= 0, x, 0.0) + @.log1p(@.exp(-{SIGN}*x))
''',
    "sech": f'''
def sech(x):
    """1/cosh x = 2 e^-|x| / (1 + e^-2|x|)."""
    e = @.exp(-{SIGN}*x)
    return 2*e/(1 + e*e)
''',
    "clip": '''
def clip(x, low, high):
    """x within two bounds."""
    return @.minimum(@.maximum(x, low), high)
''',
    "silu": '''
def silu(x):
    """x sigmoid(x); far out to the left x e^x, with e^64 taken out, so that it is no subnormal number before it is multiplied."""
    x = @.maximum(x, number(-800.0))
    return @.where(x < -80, x*@.exp(@.minimum(x, number(-80.0)) + 64)*1.603810890548638e-28, x*sigmoid(x))
''',
    "silu_slope": '''
def silu_slope(x):
    """The derivative of x sigmoid(x)."""
    x = clip(x, number(-800.0), number(800.0))
    return @.where(x < -80, (1 + x)*@.exp(@.minimum(x, number(-80.0)) + 64)*1.603810890548638e-28, sigmoid(x)*(1 + x*sigmoid(-x)))
''',
    "gelu": '''
def gelu(x):
    """x times the normal law at x; far out to the left minus the density times the asymptotic series, before the law is a subnormal number."""
    x = @.maximum(x, number(-64.0))
    far = @.minimum(x, number(-37.0))
    q = 1/(far*far)
    series = 1 - q*(1 - 3*q*(1 - 5*q*(1 - 7*q*(1 - 9*q*(1 - 11*q)))))
    return @.where(x < -37, -0.3989422804014327*bell(far)*series, x*normal_cdf(x))
''',
    "gelu_slope": '''
def gelu_slope(x):
    """The derivative of x times the normal law: the law and x times its density."""
    x = clip(x, number(-64.0), number(64.0))
    return normal_cdf(x) + 0.3989422804014327*x*bell(x)
''',
    "exp_difference": '''
def exp_difference(x, y):
    """e^(x - y): what the difference loses in rounding is put back, e^(d + r) = e^d (1 + r)."""
    d = x - y
    back = d - x
    rest = (x - (d - back)) - (y + back)
    return @.exp(d)*(1 + @.where(@.isfinite(d), rest, 0.0))
''',
    "square_rest": '''
def square_rest(x):
    """What x*x loses in rounding."""
    c = SPLIT*x
    head = c - (c - x)
    tail = x - head
    return ((head*head - x*x) + 2*head*tail) + tail*tail
''',
    "bell": '''
def bell(x):
    """e^(-x^2/2), the square in two words."""
    x = clip(x, number(-64.0), number(64.0))
    return @.exp(-0.5*(x*x))*(1 - 0.5*square_rest(x))
''',
    "normal_cdf": '''
def normal_cdf(x):
    """(1 + erf(x/sqrt(2)))/2 = erfc(-x/sqrt(2))/2; what the quotient loses in rounding is put back through the slope of erfc."""
    u = -ROOT*clip(x, number(-64.0), number(64.0))
    c = SPLIT*u
    head = c - (c - u)
    tail = u - head
    # the rest r of x = -sqrt(2) (u + r), from the product u sqrt(2) in two words
    q = u*TWO_ROOT
    error = ((head*HEAD - q) + head*TAIL + tail*HEAD) + tail*TAIL
    rest = -((clip(x, number(-64.0), number(64.0)) + q) + (error + u*LOW))/TWO_ROOT
    return 0.5*(erfc(u) - 1.1283791670955126*@.exp(-u*u)*rest)
''',
}
# sqrt(2) in two words, its first word in two halves, and 1/sqrt(2), for both types
WORDS: Mapping[str, Mapping[str, str]] = {
    "float64": {"SPLIT": "134217729.0", "TWO_ROOT": "1.4142135623730951", "LOW": "-9.667293313452913e-17", "HEAD": "1.4142135679721832",
                "TAIL": "-5.599088082064441e-09", "ROOT": "0.7071067811865476"},
    "float32": {"SPLIT": "4097.0",
                "TWO_ROOT": "1.4142135381698608", "LOW": "2.420323420895794e-08", "HEAD": "1.4140625", "TAIL": "0.00015103816986083984", "ROOT": "0.70710677"},
}


def written(texts: Mapping[str, str], module: str, dtype: str) -> Mapping[str, str]:
    """The texts for a module and a type of numbers."""
    found = {}
    for name, text in texts.items():
        text = text.strip("\n").replace("@", module)
        for word, value in sorted(WORDS[dtype].items(), key=lambda pair: -len(pair[0])):
            text = text.replace(word, value)
        found[name] = text + "\n"
    return found
