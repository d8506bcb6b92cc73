"""erf and erfc as functions over numpy's arrays, for the text of a module: numpy has neither.

    erf(x) = x + x P(x^2)                                   for |x| < 4/5
    erfc(x) = e^(-x^2) G((z - 5)/(z + 5))/(z + 5)           for x > 4/5, z = x sqrt(2): the exponential of the square in two words

with polynomials P and G that are those of the compiled mathematics. Within 3 units of the last place, in blocks that stay in the cache.
"""

from __future__ import annotations

from collections.abc import Mapping

# the highest power first
NEAR = (
    6.684830822627492e-11, -1.1830590465705277e-09, 1.4786548418167036e-08, -1.637063829093387e-07,
    1.646308709483387e-06, -1.4925738504204218e-05, 0.00012055337777810952, -0.0008548327189606624,
    0.005223977629095658, -0.02686617064561954, 0.11283791670958743, -0.37612638903183876, 0.1283791670955126,
)
FAR = (
    -4.507610661170625e-10, -1.2857973816036168e-09, 2.4479213378433496e-09, 1.1285160737167236e-08,
    -8.862789690976567e-09, -7.097669759062713e-08, 4.0393201218680816e-08, 4.371131013404383e-07,
    -3.346509243400817e-07, -2.7712316021491137e-06, 3.979812675599236e-06, 1.6681849145950774e-05,
    -4.976245201194343e-05, -5.9375864162305685e-05, 0.0005448989910446497, -0.0007978693793324185,
    -0.0029933767616042357, 0.02079506679818699, -0.06911863870689562, 0.1650203661704715, -0.3135331566712871,
    0.4953056159699743, -0.6653825028900568,
)


def _listed(coefficients: tuple[float, ...]) -> str:
    rows = [coefficients[n : n + 5] for n in range(0, len(coefficients), 5)]
    return "(\n" + "".join(f"        {', '.join(map(repr, row))},\n" for row in rows) + "    )"


ERROR_FUNCTION: Mapping[str, str] = {
    "polynomial": '''
def polynomial(x, coefficients):
    """The polynomial with the coefficients, the highest power first."""
    found = coefficients[0]*x + coefficients[1]
    for c in coefficients[2:]:
        found *= x
        found += c
    return found
''',
    "erf_near": f'''
def erf_near(x):
    """erf x for |x| < 4/5, as x + x P(x^2)."""
    return x + x*polynomial(x*x, {_listed(NEAR)})
''',
    "erfc_far": f'''
def erfc_far(x):
    """1 - erf x for x > 4/5, as e^(-x^2) G((z - 5)/(z + 5))/(z + 5), z = x sqrt(2); `lost` is what the square, z and z + 5 lose in rounding."""
    x = np.minimum(x, 27.5)
    c = SPLIT*x
    head = c - (c - x)
    tail = x - head
    square = x*x
    z = TWO_ROOT*x
    q = z + 5.0
    lost = ((head*head - square) + 2.0*head*tail) + tail*tail + (z - (q - 5.0))/q
    lost += (((HEAD*head - z) + TAIL*head + HEAD*tail) + TAIL*tail + LOW*x)/(z + 1.25)
    t = (z - 5.0)/q
    return 2.0*np.exp(-square)*(1.0 - lost)*((0.769193049750063 + t*polynomial(t, {_listed(FAR)}))/q)
''',
    "error_function": '''
def error_function(x, is_complement):
    """erf x, or 1 - erf x, in blocks that stay in the cache; far from 0 by the tail of what is left of 1."""
    x = np.asarray(x, dtype=np.float64)
    flat = x.reshape(-1)
    found = np.empty(flat.shape)
    for start in range(0, flat.size, 8192):
        block = flat[start:start + 8192]
        near = erf_near(clip(block, -1.0, 1.0))
        found[start:start + 8192] = 1.0 - near if is_complement else near
        far = np.flatnonzero(np.abs(block) > 0.8)
        if far.size:
            at = block[far]
            rest = erfc_far(np.abs(at))
            found[start + far] = np.where(at < 0, 2.0 - rest, rest) if is_complement else np.copysign(1.0 - rest, at)
    return found.reshape(x.shape)
''',
    "erf": '''
def erf(x):
    """The error function."""
    return error_function(x, False)
''',
    "erfc": '''
def erfc(x):
    """1 - erf x, which keeps its digits where erf x is near 1."""
    return error_function(x, True)
''',
}
