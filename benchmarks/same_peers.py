"""What other judges say of pairs of formulas: a worker that an interpreter which has them runs, `python same_peers.py math-verify`.

It reads pairs, a line of JSON each, and answers each with one: whether the two are the same, and the seconds. `equals` of SymPy is timed alone, on
expressions that stand already; math-verify is given the two LaTeX texts, as handgrad is given two texts.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def expressions(pair: dict[str, Any]) -> tuple[Any, Any]:
    """The two as SymPy holds them, not evaluated further than it does by itself."""
    import sympy
    names = {name: sympy.Symbol(name, real=True) for name in pair["names"]}
    return sympy.sympify(pair["left"], locals=names), sympy.sympify(pair["right"], locals=names)


def by_sympy(pair: dict[str, Any]) -> tuple[bool | None, float]:
    """What `equals` of SymPy says."""
    from sympy.core.cache import clear_cache
    left, right = expressions(pair)
    clear_cache()
    start = time.perf_counter()
    found = left.equals(right)
    return None if found is None else bool(found), time.perf_counter() - start


def by_math_verify(pair: dict[str, Any]) -> tuple[bool | None, float]:
    """What math-verify says of the two as SymPy prints them in LaTeX."""
    import math_verify
    from sympy import latex
    from sympy.core.cache import clear_cache
    texts = [f"${latex(e)}$" for e in expressions(pair)]
    clear_cache()
    start = time.perf_counter()
    left, right = map(math_verify.parse, texts)
    found = bool(left and right) and math_verify.verify(left, right)
    return (bool(found) if left and right else None), time.perf_counter() - start


JUDGES = {"sympy": by_sympy, "math-verify": by_math_verify}


def main() -> None:
    """Answers until the input ends."""
    judge: Any = JUDGES[sys.argv[1]]
    try:
        judge({"left": "x", "right": "x", "names": ["x"]})
    except ImportError as missing:
        print(json.dumps({"absent": str(missing)}), flush=True)
        return
    print(json.dumps({"cases": []}), flush=True)
    for line in sys.stdin:
        try:
            same, seconds = judge(json.loads(line))
            print(json.dumps({"same": same, "seconds": seconds}), flush=True)
        except Exception as failure:  # a peer's own failure is a result
            print(json.dumps({"failed": f"{type(failure).__name__}: {failure}"[:200]}), flush=True)


if __name__ == "__main__":
    main()
