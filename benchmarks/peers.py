"""What peers can express of our cases: a worker that runs one on request.

Run by an interpreter that has the peer: `python peers.py sympy`. It reads names of cases, a line each, and answers each with one line of JSON:
the seconds, or why there are none. The peers are only timed, never used for an answer.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from math import exp
from typing import Any

Derive = Callable[[], Any]


def sympy_cases() -> dict[str, Derive]:
    """What SymPy is asked: differentiate, carry out, simplify."""
    import sympy as S

    x, z, y, w, s, m = S.symbols("x z y w s m", real=True)
    n, c = S.symbols("n c", integer=True, positive=True)
    i, j, k, p, q = S.symbols("i j k p q", integer=True)
    a, t = S.IndexedBase("a"), S.IndexedBase("y")
    g = S.Function("g")
    logistic = 1 / (1 + S.exp(-x))

    def simplified(e: Any, *by: Any) -> Derive:
        return lambda: S.simplify(S.diff(e, *by).doit())

    def total(e: Any, index: Any, size: Any) -> Any:
        return S.Sum(e, (index, 1, size))

    softmax = S.exp(a[i]) / total(S.exp(a[k]), k, c)
    log_sum = S.log(total(S.exp(a[k]), k, c))
    cross = -total(t[k] * S.log(S.exp(a[k]) / total(S.exp(a[p]), p, c)), k, c)
    mean = total(a[k], k, n) / n
    layer = (a[i] - mean) / S.sqrt(total((a[k] - mean) ** 2, k, n) / n + S.Symbol("e"))
    u, v, T = S.IndexedBase("u"), S.IndexedBase("v"), S.Symbol("T")
    score = total(u[i, k] * v[j, k], k, c) / T
    same = total(u[i, k] * v[i, k], k, c) / T
    contrast = -total(same - S.log(total(S.exp(score), j, n)), i, n)
    W, b, h2 = S.IndexedBase("W"), S.IndexedBase("b"), S.IndexedBase("v")
    out = S.Symbol("c0") + total(h2[j] / (1 + S.exp(-b[j] - total(W[i, j] * a[i], i, n))), j, c)
    network = (1 / (1 + S.exp(-out)) - y) ** 2 / 2
    f = S.IndexedBase("f")
    return {
        "sigmoid": simplified(logistic, x),
        "tanh from exponentials": simplified((S.exp(x) - S.exp(-x)) / (S.exp(x) + S.exp(-x)), x),
        "relu": simplified(S.Piecewise((x, x >= 0), (0, True)), x),
        "softplus, two orders": simplified(S.log(1 + S.exp(x)), x, x),
        "sigmoid of an abstract function": simplified(logistic.subs(x, g(w)), w),
        "softmax Jacobian": simplified(softmax, a[j]),
        "log-sum-exp Hessian": simplified(log_sum, a[i], a[j]),
        "cross-entropy, any y": simplified(cross, a[j]),
        "hinge": simplified(total(S.Max(0, 1 - t[i] * g(w, f[i])), i, n), w),
        "L1": simplified(total(S.Abs(t[i] - g(w, f[i])), i, n), w),
        "L2": simplified(total((t[i] - g(w, f[i])) ** 2 / 2, i, n), w),
        "binary cross-entropy with logits": simplified((-y * S.log(1 / (1 + S.exp(-z))) - (1 - y) * S.log(1 - 1 / (1 + S.exp(-z)))), z),
        "Gaussian negative log-likelihood": simplified(S.log(s) + (y - m) ** 2 / (2 * s**2), s),
        "layer norm Jacobian": simplified(layer, a[j]),
        "two-layer sigmoid network, hidden weights": simplified(network, W[p, q]),
        "InfoNCE by the queries": simplified(contrast, u[p, q]),
    }


def tensorgrad_cases() -> dict[str, Derive]:
    """What tensorgrad is asked: the derivative, simplified in full."""
    import tensorgrad as G
    from sympy import symbols
    from tensorgrad import functions as F

    n, c, d, h = symbols("n c d h")
    x = G.Variable("x")
    a, y = G.Variable("a", c), G.Variable("y", c)

    def simplified(e: Any, *by: Any) -> Derive:
        def run() -> Any:
            found = e()
            for variable in by:
                found = G.Derivative(found, variable)
            return found.full_simplify()
        return run

    batch, target, weights = G.Variable("X", n, d), G.Variable("Y", n, c), G.Variable("W", d, c)
    v0, v1 = G.Variable("V", d, h), G.Variable("w", h)
    one, t = G.Variable("x", d), G.Variable("t")
    m = symbols("m")
    q, key, value, cotangent = G.Variable("Q", n, d), G.Variable("K", m, d), G.Variable("V", m, h), G.Variable("G", n, h)

    def network() -> Any:
        error = F.sigmoid(F.sigmoid(one @ v0 + bias) @ v1 + c0) - t
        return error * error / 2

    bias, c0 = G.Variable("b", h), G.Variable("c")
    return {
        "sigmoid": simplified(lambda: F.sigmoid(x), x),
        "tanh from exponentials": simplified(lambda: (F.exp(x) - F.exp(-x)) / (F.exp(x) + F.exp(-x)), x),
        "relu": simplified(lambda: F.relu(x), x),
        "softplus, two orders": simplified(lambda: F.log(1 + F.exp(x)), x, x),
        "softmax Jacobian": simplified(lambda: F.softmax(a, "c"), a),
        "log-sum-exp Hessian": simplified(lambda: F.log(F.sum(F.exp(a))), a, a),
        "cross-entropy, any y": simplified(lambda: F.cross_entropy(a, y, "c"), a),
        "cross-entropy, linear scores": simplified(lambda: F.sum(F.cross_entropy(batch @ weights, target, "c")), weights),
        "binary cross-entropy with logits": simplified(lambda: -(t * F.log(F.sigmoid(x)) + (1 - t) * F.log(1 - F.sigmoid(x))), x),
        "two-layer sigmoid network, hidden weights": simplified(network, v0),
        "attention, query": simplified(lambda: F.sum(cotangent * (F.softmax(q @ key, "m") @ value)), q),
        "least squares": simplified(lambda: F.frobenius2(batch @ weights - target) / 2, weights),
    }


def handcalcs_cases() -> dict[str, Derive]:
    """What handcalcs is asked: five lines with their numbers put in, in LaTeX. It knows no derivative and no rounding by hand."""
    from handcalcs.decorator import handcalc

    def five_lines(x: float, w: float, b: float, v: float, c: float, t: float) -> float:
        z = b + w * x
        h = 1 / (1 + exp(-z))
        u = c + v * h
        o = 1 / (1 + exp(-u))
        E = 1 / 2 * (o - t) ** 2
        return E

    worked = handcalc(jupyter_display=False)(five_lines)
    return {"five lines": lambda: worked(0.18, -0.1, -0.36, -0.25, 0.26, -1.29)[0]}


def main() -> None:
    """Answers requests until the input ends."""
    peer = sys.argv[1]
    try:
        cases = {"sympy": sympy_cases, "tensorgrad": tensorgrad_cases, "handcalcs": handcalcs_cases}[peer]()
    except ImportError as missing:
        print(json.dumps({"absent": str(missing)}), flush=True)
        return
    print(json.dumps({"cases": sorted(cases)}), flush=True)
    for line in sys.stdin:
        name = line.strip()
        try:
            clear(peer)
            start = time.perf_counter()
            result = cases[name]()
            seconds = time.perf_counter() - start
            print(json.dumps({"seconds": seconds, "shown": str(result)[:400]}), flush=True)
        except Exception as failure:  # a peer's own failure is a result
            print(json.dumps({"failed": f"{type(failure).__name__}: {failure}"[:200]}), flush=True)


def clear(peer: str) -> None:
    """Empties the caches of the peer, so that each round does the work."""
    if peer == "sympy":
        from sympy.core.cache import clear_cache
        clear_cache()


if __name__ == "__main__":
    main()
