"""What is refused, with its place and the line that would do."""

import pytest

from handgrad.errors import HandgradError, LimitError, ModelError, NotationError, ShapeError
from handgrad.expr import Number
from handgrad.notation import read, read_condition, read_expression

import handgrad.catalogue  # isort: skip  # noqa: F401 - makes its names known

REFUSED = [        # the text, the error and its first line, the line at fault, what the caret marks, the line to paste
    ("J = sum[i](y[i]*a[k])", ShapeError, "`a[k]` leaves k free: no sum runs over k, and J has no index k", 1, "k", "J = sum[i,k](y[i]*a[k])"),
    ("axes i: n samples, k: C classes\nJ = sum[i](y[i]*a[k])", ShapeError, "`a[k]` leaves classes k free: no sum runs over k, and J has no index k",
     2, "k", "J = sum[i,k](y[i]*a[k])"),
    ("s = y[i]*a[k]", ShapeError, "`y[i]` leaves i free: no sum runs over i, and s has no index i", 1, "i", "s[i,k] = y[i]*a[k]"),
    ("axes i: n samples, k: C classes\nz[i] = x[i]\nJ = sum[i,k](x[k]*z[i])", ShapeError, "`k` in x mixes samples i and classes k", 3, "k", ""),
    ("axes i: n samples\nJ = sum[i](x[i])\nK = sum[i](w[i])", ShapeError, "the letter i lies on two axes of the model: index 1 of x and index 1 of w",
     1, "i: n samples", ""),
    ("J = sum[i](1)", ShapeError, "the index i has no range: it stands alone in no slot of a tensor", 1, "i", ""),
    ("y[t] = x[t+k]", ShapeError, "`x[t+k]` leaves k free: no sum runs over k, and y[t] has no index k", 1, "k", "y[t,k] = x[t+k]"),
    ("y[t] = sum[k](x[t+k])", ShapeError, "the index k has no range: it stands alone in no slot of a tensor",
     1, "k", "y[t] = sum[k in 1..size(y, 1)](x[t+k])"),
    ("J = size(q, 1)*sum[i](x[i])", ShapeError, "`size(q, 1)`: q is no name of the model, so its shape is unknown",
     1, "size(q, 1)", "J = size(x, 1)*sum[i](x[i])"),
    ("J = size(x, 2)*sum[i](x[i])", ShapeError, "`size(x, 2)`: x has 1 index", 1, "size(x, 2)", "J = size(x, 1)*sum[i](x[i])"),
    ("J = sum[i](x[i]", NotationError, "a closing ) is missing: this ( is never closed", 1, "(", "J = sum[i](x[i])"),
    ("J = (x + 1", NotationError, "a closing ) is missing: this ( is never closed", 1, "(", "J = (x + 1)"),
    ("J = x + 1)", NotationError, "this ) closes nothing", 1, ")", "J = x + 1"),
    ("J = sum[i](x[i)]", NotationError, "this ) meets a [ that is still open", 1, ")", "J = sum[i](x[i])"),
    ("J = sum[i,d](x[i,d]) + sum[i](x[i])", ShapeError, "`x[i]` has 1 index, and x has 2 elsewhere", 1, "x[i]", "J = sum[i,d](x[i,d]) + sum[i,j](x[i,j])"),
    ("z[i] = g(w, x[i])\nq = sum[i,d](x[i,d])", ShapeError, "`x[i]` has 1 index, and x has 2 elsewhere", 1, "x[i]", "z[i] = g(w, x[i,:])"),
    ("J = x\nJ = y", ModelError, "J is already defined on line 1", 2, "J", ""),
    ("P[i,i] = x[i]", NotationError, "i stands twice on the left side", 1, "i", ""),
    ("P[1] = x", NotationError, "the left side of a definition holds letters only, not `1`", 1, "1", ""),
    ("a = b\nb = c*d\nc = a", ModelError, "a is defined by itself: a -> b -> c -> a", 1, "a", ""),
    ("h[t] = h[t-1]", ModelError, "h is defined by itself: h -> h", 1, "h[t]", ""),
    ("y = exp(a, b)", NotationError, "exp takes 1 argument, not 2", 1, "exp(a, b)", ""),
    ("y = max(a)", NotationError, "max takes 2 or more arguments, not 1", 1, "max(a)", ""),
    ("y = sum(x[i])", NotationError, "sum runs along an axis and needs its letter", 1, "sum(x[i])", "y = sum[i](x[i])"),
    ("y = softmax(x[k])", NotationError, "softmax runs along an axis and needs its letter", 1, "softmax(x[k])", "y[k] = softmax[k](x[k])"),
    ("h = x\ny = h(1 - h)", ModelError, "h is a quantity and not called", 2, "h", "y = h*(1 - h)"),
    ("y = h(1 - h)\nh = x", ModelError, "h is a quantity and not called", 1, "h", "y = h*(1 - h)"),
    ("h[i] = x[i]\ny[i] = h[i](1 - h[i])", NotationError, "`h[i]` is an entry and not called", 2, "h[i]", "y[i] = h[i]*(1 - h[i])"),
    ("h[i] = x[i]\ny[i] = h(x[i])", ModelError, "h is a quantity and not called", 2, "h(x[i])", ""),
    ("y = sum[i,j](x[i]*w[j]*delta[i,j])", ShapeError, "`delta[i,j]` compares index 1 of x (i) with index 1 of w (j), and nothing makes them one axis",
     1, "delta[i,j]", ""),
    ("y = sum[i](delta[i,1])", ShapeError, "the index i has no range: it stands alone in no slot of a tensor", 1, "i", ""),
    ("y[i] = delta[i,j]*x[i]", ShapeError, "`delta[i,j]` leaves j free: no sum runs over j, and y[i] has no index j", 1, "j", ""),
    ("y = 1 if 0 < x < 1 else 0", NotationError, "comparisons are not chained", 1, "<", "y = 1 if 0 < x and x < 1 else 0"),
    ("y = 1 if x > 0", NotationError, "a case needs `else` and the value that holds otherwise, and the line ends", 1, "", ""),
    ("y = x > 0", NotationError, "`x > 0` is a condition and no value", 1, "x > 0", "y = (1 if x > 0 else 0)"),
    ("y = 1 if x else 0", NotationError, "`x` is a value and no condition", 1, "x", ""),
    ("y = g(2*x)", NotationError, "g is an abstract function and takes entries; `2*x` is none", 1, "2*x", "u = 2*x; y = g(u)"),
    ("y = \u03c3(x)", NotationError, "\u03c3 is no letter of a name", 1, "\u03c3", "y = sigma(x)"),
    ("y = \u0445 + 1", NotationError, "U+0445 (cyrillic small letter ha) looks like the letter x and is another", 1, "\u0445", "y = x + 1"),
    ("y = x\u202e+ 1", NotationError, "U+202E (right-to-left override) has no meaning here", 1, "\u202e", ""),
    ("y = x $ 2", NotationError, "$ has no meaning here", 1, "$", ""),
    ("__import__('pathlib').Path('CANARY').touch()", NotationError, "' has no meaning here", 1, "'", ""),
    ("open('CANARY','w').close()", NotationError, "' has no meaning here", 1, "'", ""),
    ("x.__class__.__mro__[-1].__subclasses__()", NotationError, ". has no meaning here", 1, ".", ""),
    ("y = x y", NotationError, "`x y`: two things stand side by side", 1, "x y", ""),
    ("y = x[i]*x[i] + 2 3", ShapeError, "`x[i]` leaves i free: no sum runs over i, and y has no index i", 1, "i", ""),
    ("y = ", NotationError, "a value is missing, and the line ends", 1, " ", ""),
    ("= x", NotationError, "the left side of a definition is one name", 1, "=", ""),
    ("y + 1 = x", NotationError, "the left side of a definition is one name", 1, "y + 1", ""),
    ("f(x) = x^2", NotationError, "`f(x)`: a definition names a quantity, and what it depends on is seen from the right side", 1, "f(x)", "f = x^2"),
    ("x + 1", NotationError, "a statement is a name, =, and a formula", 1, "x + 1", "J = x + 1"),
    ("x > 0", NotationError, "a condition alone is no statement", 1, "x > 0", "assume x > 0"),
    ("if = 3", NotationError, "`if` is a word of the notation and no name", 1, "if", ""),
    ("y = if + 1", NotationError, "`if` is a word of the notation and no name", 1, "if", ""),
    ("pi = 3", NotationError, "pi is the number 3.14159…", 1, "pi", ""),
    ("y = x = 3", NotationError, "a statement holds one =", 1, "=", ""),
    ("J = sum[i,k](x[i,k])\nK = sum[i](x[k,i]*y[i])", ShapeError, "`x[k,i]` leaves k free: no sum runs over k, and K has no index k",
     2, "k", "K = sum[i,k](x[k,i]*y[i])"),
    ("y = x[0]", NotationError, "indices count from 1", 1, "0", ""),
    ("y = x[1.5]", NotationError, "an index is a letter, an integer or a sum of them, and here stands `1.5`", 1, "1.5", ""),
    ("y = x[i*j]", ShapeError, "`x[i*j]` leaves i free: no sum runs over i, and y has no index i", 1, "i", ""),
    ("y = x[]", NotationError, "an index is a letter, an integer or a sum of them, and here stands `]`", 1, "]", ""),
    ("y = d(x)", NotationError, "`d(x)`: d takes a formula and the entries to differentiate by", 1, "d(x)", ""),
    ("y = d(x, 2)", NotationError, "`d(x, 2)`: d takes a formula and the entries to differentiate by", 1, "d(x, 2)", ""),
    ("y = d(x, 2*x)", NotationError, "`d(x, 2*x)`: d takes a formula and the entries to differentiate by", 1, "d(x, 2*x)", ""),
    ("y = sum[2](x)", NotationError, "sum binds letters, and here stands `2`", 1, "2", ""),
    ("y = sum[i,i](x[i])", NotationError, "i is bound twice", 1, "i", ""),
    ("y = softmax[i,k](x[i,k])", NotationError, "softmax runs along one axis", 1, "softmax[i,k]", ""),
    ("y = softmax_cross_entropy[k](a[k])", NotationError, "softmax_cross_entropy takes 2 arguments, not 1", 1, "softmax_cross_entropy[k](a[k])", ""),
    ("y = x[:]", NotationError, "a whole axis `:` is only given to an abstract function, as in g(w[:])", 1, ":", "y[i] = x[i]"),
    ("y = g(x[:]) + x", ShapeError, "`x` has 0 indices, and x has 1 elsewhere", 1, "x", "y[i] = g(x[:]) + x[i]"),
    ("assume 3 in {1,2}\ny=3", NotationError, "only an entry is said to be in a set", 1, "3", ""),
    ("assume y in {a}\ny=x", NotationError, "a set holds numbers", 1, "a", ""),
    ("assume y\ny=x", NotationError, "`y` is a value and no condition", 1, "y", ""),
    ("assume y in 1..3\ny=x", NotationError, "a range is written 1..size(a, 2), and here stands `1`", 1, "1", ""),
    ("axes i samples\ny=x", NotationError, "an axis is given by its letter, a colon, its size and what it counts, and here stands `i`", 1, "i", ""),
    ("axes i: n, i: m\ny=x", ModelError, "the letter i is given twice", 1, "i", ""),
    ("axes q: n\ny=x", ShapeError, "the letter q stands in no slot", 1, "q: n", ""),
    ("x\u00b2= 3", NotationError, "the left side of a definition is one name", 1, "x\u00b2", ""),
    ("y = g()", NotationError, "g() is called without arguments", 1, "g()", ""),
    ("delta[i,j] = x[i]*x[j]", NotationError, "delta with two indices is the Kronecker delta", 1, "delta[i,j]", ""),
    ("y = 3..4", NotationError, "the formula ends before this, and here stands `..`", 1, "..", ""),
    ("y = x 2", NotationError, "the formula ends before this, and here stands `2`", 1, "2", ""),
    ("y = (a b)", NotationError, "`a b`: two things stand side by side", 1, "a b", "y = (a*b)"),
    ("y = x +", NotationError, "a value is missing, and the line ends", 1, "", ""),
    ("y = x[i", NotationError, "a closing ] is missing: this [ is never closed", 1, "[", "y[i] = x[i]"),
    ("y = pi(2)", NotationError, "pi is a number and not called", 1, "pi", "y = pi*(2)"),
    ("h = x\ny = h (1 - h)", ModelError, "h is a quantity and not called", 2, "h", "y = h* (1 - h)"),
    ("y = 10^{2}", NotationError, "braces hold the numbers of a fact, and do not group", 1, "{2}", "y = 10^(2)"),
    ("y = |x|", NotationError, "| has no meaning here", 1, "|", ""),
    ("y = x!", NotationError, "! has no meaning here", 1, "!", ""),
    ("y = \\frac{1}{2}", NotationError, "\\ has no meaning here", 1, "\\", ""),
    ("y = size(x)", NotationError, "size takes a name and the number of one of its indices", 1, "size(x)", ""),
    ("y = 2x(3)", NotationError, "x is an abstract function and takes entries; `3` is none", 1, "3", "u = 3; y = 2x(u)"),
    ("y = x^", NotationError, "a value is missing, and the line ends", 1, "", ""),
    ("y = exp(,)", NotationError, "a value is missing, and here stands `,`", 1, ",", ""),
    ("y = exp(x,)", NotationError, "a value is missing, and here stands `)`", 1, ")", ""),
    ("y = 1,5", NotationError, "decimals are written with a point", 1, "1,5", "y = 1.5"),
]


@pytest.mark.parametrize("text,kind,what,line,marked,mended", REFUSED, ids=[row[0] for row in REFUSED])
def test_a_fault_is_named_shown_and_mended(text: str, kind: type[HandgradError], what: str, line: int, marked: str, mended: str) -> None:
    with pytest.raises(kind) as caught:
        read(text)
    error = caught.value
    assert (error.what, error.line, error.mended) == (what, line, mended)
    assert text.split("\n")[line - 1][error.start:error.end] == marked
    assert "^" in str(error) and (error.remedy or kind is not ShapeError)


@pytest.mark.parametrize("text,line,mended", [(r[0], r[3], r[5]) for r in REFUSED if r[5] and not r[5].startswith("assume")])
def test_every_mended_line_reads(text: str, line: int, mended: str) -> None:
    rows = text.split("\n")
    rows[line - 1] = mended
    assert read("\n".join(rows)).definitions


def test_an_error_shows_the_line_with_a_caret() -> None:
    with pytest.raises(ShapeError) as caught:
        read("s[k] = softmax[k](a[k])\nJ = -sum[i](y[i]*log(s[k]))")
    assert str(caught.value) == """shape: `s[k]` leaves k free: no sum runs over k, and J has no index k
    J = -sum[i](y[i]*log(s[k]))
                           ^
    did you mean J[k] on the left, or sum[k](...)?
    J = -sum[i,k](y[i]*log(s[k]))"""


def test_a_hidden_character_is_shown_as_one() -> None:
    with pytest.raises(NotationError) as caught:
        read("x = \u202e1")
    assert "\u202e" not in str(caught.value) and "U+202E" in str(caught.value)


@pytest.mark.parametrize("character", ["\0", "\ud800", "\u202e", "\u2066", "\x0b", "\u2028", "\u200b", "'", "\\", "\u0131", "\u0660"])
def test_no_strange_character_is_read(character: str) -> None:
    with pytest.raises(NotationError) as caught:
        read(f"x = 1 + {character}2")
    assert (caught.value.line, caught.value.start) == (1, 8) and str(caught.value)


IN_CONTEXT = [
    ("q[i]", ModelError, "`q` is no name of the model"), ("f(x[1,1])", ModelError, "`f` is no function of the model"), ("x[i,i]", ShapeError, "mixes"),
    ("x[i]", ShapeError, "`x[i]` has 1 index, and x has 2"), ("delta[i,k]*x[i,k]", ShapeError, "compares"),
    ("size(q, 1)", ShapeError, "unknown"),
    ("sum[m](2)", ShapeError, "no range"), ("x[i,k] = 2", NotationError, "holds one ="), ("1\n2", NotationError, "one line"),
    ("c > 0", NotationError, "condition"), ("", NotationError, "missing"), ("c(2)", ModelError, "quantity"), ("7" * 500, LimitError, "digits"),
]


@pytest.mark.parametrize("text,kind,what", IN_CONTEXT)
def test_a_formula_is_refused_in_the_context_of_a_model(text: str, kind: type[HandgradError], what: str) -> None:
    model = read("z[i] = sum[k](x[i,k]) + c + g(c)")
    with pytest.raises(kind, match=what.replace("[", r"\[").replace("(", r"\(")):
        read_expression(text, model)


def test_new_names_are_inputs_where_that_is_asked_for() -> None:
    model = read("z[i] = sum[k](x[i,k])")
    assert read_expression("q[i] + z[i]", model, new=True).letters == read_expression("z[i]", model).letters
    assert read_expression("f(p)*r", model, new=True) and read_condition("sum[k](y[k]) == 1", model, new=True)
    assert read_expression("3", model) is Number(3)  # type: ignore[arg-type]
