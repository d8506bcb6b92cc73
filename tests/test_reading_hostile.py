"""Hostile formulas are refused in words, heavy ones take bounded time, and no text whatsoever raises an error or loses a piece in silence."""

import time
from random import Random

import pytest

from handgrad.reading.limits import ReadingLimits
from handgrad.reading.mathematics import statements
from handgrad.reading.surface import spelled, walk
from handgrad.reading.typesetting import latex, mathml, unicode
from handgrad.reading.vocabulary import TABLE
from support_formulas import lost, trees, unread

HOSTILE = [
    ("(" * 8000 + "x" + ")" * 8000, "nesting 256"), (r"\frac{1}{" * 1500, "nesting 256"), (r"\begin{aligned}" * 300, "nesting 256"),
    (r"\begin{cases}" * 300, "nesting 256"),
    ("-" * 20000 + "x", "tokens 8000"), ("+".join(f"x_{i}" for i in range(8000)), "tokens 8000"), ("7" * 30000, "digits 400"),
    ("0." + "3" * 30000, "digits 400"),
    ("1e999999999", "digits 400"), ("7" * 1_000_000, "line 65536"), (r"\hat" * 5000 + "x", "nesting 256"), ("√" * 5000 + "x", "nesting 256"),
    (r"\log" * 5000 + "x", "nesting 256"),
    (r"\sum" * 5000 + "x", "nesting 256"), (r"\nabla" * 5000, "nesting 256"), ("d(" * 1000 + "x" + ")" * 1000, "nesting 256"),
    ("∂" * 3000, "nesting 256"),
    ("х + x", "looks like the Latin x"), ("x\u202e = 1", "U+202E (right-to-left override)"), ("x\x00 = 1", "U+0000"), ("x\ud800", "U+D800"),
    ("__import__('pathlib').Path('CANARY').touch()", "does not fit"), ("x.__class__.__mro__[-1].__subclasses__()", "does not fit"), ("100000000!",
    "does not fit"),
    (r"x\over " * 3000 + "x", "nesting 256"),
    (r"\includegraphics{x}", "not known"), (r"\href{javascript:alert(1)}{x}", "not known"), (r"\immediate\write18{id}", "not known"), ("x = ",
    "ends"), ("(x", "never closed"),
]
HEAVY = [
    r"asin = \| " * 1300, "|a = " * 1500, "x = (" * 250,
    "+".join(f"x_{i}" for i in range(2000)), "$" * 20000, r"\{" + ",".join(map(str, range(3999))) + r"\}", ",".join(["a=1"] * 2000),
    "a " + r"\text{for }" * 3000, "|" * 7000,
    r"\text{" * 4000, r"\\" * 7000, r"\quad " * 7000 + "x", "'" * 8000 + "x", "1/" * 3999 + "1",
    r"\begin{bmatrix}" + r"1&2\\" * 1500 + r"\end{bmatrix}", "x = " * 2000, "d" * 60000,
    "∂²f/∂(" * 100 + "x" + ")" * 100, r"\frac" * 5000, "d " * 3000, "(if " * 250, r"\boxed{" * 255 + "x=1" + "}" * 255, "dE" + "(x)" * 2000 + "/dw",
    r"\begin{aligned}" * 200 + "x=1",
    r"\frac{d " * 250 + "x" + r"}{dx}" * 250, "x_" * 3000, "||" * 3000, r"\left(" * 250 + r"\right)" * 250, "[1;" * 250 + "]" * 250, "10^{10^{10}}",
    "9^{9^{9^{9}}}", "2^{1000000000}",
]


@pytest.mark.parametrize(("text", "why"), HOSTILE, ids=lambda value: value[:20])
def test_a_hostile_formula_is_refused_in_words(text: str, why: str) -> None:
    begun = time.perf_counter()
    for typed in (False, True):
        assert any(why in node.why for node in unread(statements(text, typed=typed)))
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("text", HEAVY, ids=lambda value: value[:20])
def test_a_heavy_formula_takes_bounded_time(text: str) -> None:
    begun = time.perf_counter()
    for typed in (False, True):
        for root in trees(statements(text, typed=typed)):
            unicode(root), latex(root), mathml(root), spelled(root), hash(root)
    assert time.perf_counter() - begun < 4


def test_the_limits_are_settable() -> None:
    assert "limit: tokens 4" in unread(statements("a + b + c", limits=ReadingLimits(tokens=4)))[0].why
    assert unread(statements("+".join(f"x_{i}" for i in range(9000)), limits=ReadingLimits(line=10**6, tokens=10**5))) == []


PIECES = [*TABLE, r"\text{for }", r"\text{x}", r"\begin{cases}", r"\end{cases}", r"\begin{aligned}", r"\end{aligned}", r"\begin{bmatrix}",
        r"\end{bmatrix}", "dE", "dw1", "net", "12",
          "0.5", " ", "\n", "x_1", "{", "}", "(", ")", "|", "||", "_", "^", "&", r"\\", "=", "=", "+", "-", "/", "d", r"\frac", "∂", "²", "ᵢ", "ŷ",
          "х", "\x00", "\u202e", r"\tag{1}",
          r"\left|", r"\right|", r"\right.", r"\text{", r"\textcircled{2}", ",", ";", ":", ".", r"\quad", "①", "if", "else", r"\xrightarrow{a}",
          r"\boxed{", r"\underset{w}{\max}"]


@pytest.mark.parametrize("seed_number", range(4))
def test_no_text_whatsoever_is_too_much(seed_number: int) -> None:
    random = Random(seed_number)
    for _ in range(1500):
        pool = PIECES if random.random() < 0.4 else PIECES[-70:]
        text = "".join(random.choice(pool) + random.choice(["", "", " "]) for _ in range(random.choice([1, 2, 3, 5, 8, 13, 20])))
        if random.random() < 0.1:
            text = random.randbytes(30).decode("latin-1")
        for statement in statements(text, typed=random.random() < 0.5):
            assert 0 <= statement.span[0] <= statement.span[1] <= len(text)
            for side in statement.sides:
                assert all(0 <= node.span[0] <= node.span[1] <= len(text) for node in walk(side.tree))
                unicode(side.tree), latex(side.tree), spelled(side.tree)
                assert mathml(side.tree)


CALM = ["x", "y", "z_1", "dE", "net", "12", "0.5", "a", "{x}", "(", ")", "(", ")", "|", "^2", "_i", "&", r"\\", "=", "=", "+", "-", "/",
        r"\frac{a}{b}", "∂E/∂w", "ᵢ", "ŷ", r"\text{for }",
        r"\text{net}", r"\text{ by chain rule}", r"\begin{aligned}", r"\end{aligned}", r"\begin{bmatrix}1 & 2\end{bmatrix}", r"\tag{1}",
        r"\textcircled{2}", ",", ";", ":", ".", r"\quad", "①",
        "if", "else", r"\boxed{0.3}", r"\neq", r"\sum_{i=1}^n", r"\log", r"\max(0, x)", r"\Rightarrow", r"\rightarrow", r"\dots", r"\nabla",
        r"\hat{y}", r"\cdot", "(by (1))", "//", "where"]


def test_nothing_is_dropped_in_silence() -> None:
    random = Random(5)
    for _ in range(6000):
        text = " ".join(random.choice(CALM) for _ in range(random.choice([2, 3, 4, 5, 6, 8])))
        assert [piece for piece in lost(text, random.random() < 0.3) if piece[0] != "d"] == [], text
