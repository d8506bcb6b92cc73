"""The notation: text and trees are two sides of one thing, and limits keep the time bounded."""

import time
import tomllib
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handgrad.catalogue  # noqa: F401 - makes its names known
from handgrad.axes import Definition, Model
from handgrad.errors import HandgradError, LimitError, NotationError
from handgrad.expr import Axis, Letter, Literal, Number, Pow
from handgrad.notation import (
    Limits,
    Signature,
    decoded,
    read,
    read_condition,
    read_entry,
    read_equation,
    read_expression,
    whole_entry,
    write,
    write_model,
)
from handgrad.notation.builders import (
    absolute,
    abstract,
    all_of,
    any_of,
    cases,
    compare,
    delta,
    derivative,
    equal,
    exp,
    label,
    letters,
    log,
    mean,
    member,
    model_of,
    not_,
    reduce,
    scalars,
    size,
    softmax,
    statement,
    tensors,
    total,
)
from handgrad.trees import instantiate, subtrees
from support_trees import Trees, free_letters, model

EXAMPLES = 2_000
CASES = Path(__file__).parent / "cases"
LETTERS = free_letters()
AXES = {letter.name: letter.axis for letter in LETTERS}
SCOPE = frozenset(AXES)
law = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 1 << 62)
# by night the same laws over a hundred thousand trees
blocks = pytest.mark.parametrize("block", [0, *(pytest.param(n, marks=pytest.mark.nightly) for n in range(1, 50))])


@blocks
@law
@given(seed=seeds)
def test_a_formula_reads_back_as_the_very_same_tree(seed: int, block: int) -> None:
    tree = Trees(seed + (block << 62), LETTERS).formula(3 + seed % 20)
    text = write(tree, model(), SCOPE)
    assert text.isascii()
    assert read_expression(text, model(), AXES) is tree


@blocks
@law
@given(seed=seeds)
def test_a_condition_or_fact_reads_back_as_the_very_same_tree(seed: int, block: int) -> None:
    tree = Trees(seed + (block << 62), LETTERS).fact()
    assert read_condition(write(tree, model(), SCOPE), model(), AXES) is tree


def random_model(seed: int) -> Model:
    """A model of a few definitions and facts, axes as the reader names them."""
    random = Random(seed)
    made: dict[str, Definition] = dict(model().definitions) if random.random() < 0.8 else {}
    facts = []
    for number in range(random.randint(1, 3)):
        trees = Trees(random.getrandbits(60), LETTERS)
        body = trees.formula(random.randint(1, 14))
        used = sorted((n for n in subtrees(body) if isinstance(n, Letter)), key=lambda letter: letter.name)
        made[f"y{number}"] = Definition(f"y{number}", tuple(used), body)
    if random.random() < 0.4:
        facts.append(trees.fact())
    return Model(made, tuple(facts), dict(model().tensors), model().letters)


@blocks
@settings(law, max_examples=EXAMPLES // 4)
@given(seed=seeds)
def test_a_model_reads_back_as_the_very_same_model(seed: int, block: int) -> None:
    try:
        first = read(write_model(random_model(seed + (block << 62))))
    except HandgradError:
        return          # a letter may stand in a delta alone, or an index be below 1: refused in a model
    again = read(write_model(first))
    assert (again.definitions, again.facts, again.tensors, again.least) == (first.definitions, first.facts, first.tensors, first.least)


@pytest.mark.parametrize("case", [c for f in sorted(CASES.glob("*.toml")) for c in tomllib.loads(f.read_text()).get("case", ())], ids=lambda c: c.get("name"))
def test_every_case_reads_and_writes(case: dict[str, str]) -> None:
    first = read(case["model"])
    again = read(write_model(first))
    assert (again.definitions, again.facts, again.tensors) == (first.definitions, first.facts, first.tensors)


ONE_FORM = [        # what is read, and how it is written
    "1/2*x", "x/2", "x*(3/2)", "-x", "1*x^-1", "1/x", "-1*2*x", "-x^2", "2^-1", "2^(-x)", "x - 2*y", "x + -2*y", "-3*x", "(-3)^x", "x^(1/2)", "(x^2)^3",
    "2^(x^y)", "x/y/z", "x/(y*z)", "x - (y - z)", "-(x + y)*z", "x*(-1)", "1/2*(1/3)*x", "x*2^-1", "2*(1/3)", "exp(x)^2", "pi*x", "-1/x", "x if x > 0 else y",
    "x if x > 0 else y if y > 0 else 0", "x if x > 0 else (y if y > 0 else 0)", "(x if x > 0 else 0) + 1", "x if not (x > 0 and y > 0) or z == 1 else 0",
    "max(x, y, 0)", "d(x*y, x, y)", "stop(x)",
]


@pytest.mark.parametrize("text", ONE_FORM)
def test_the_form_a_person_writes_is_kept(text: str) -> None:
    found = read(f"f = {text}")
    assert write(found.definitions["f"].body, found) == text


SAME = [        # two texts of one tree
    ("x - 1/2", "x - 0.5"), ("1e-5*x", "1/100000*x"), ("2x", "2*x"), ("1/2(y - h)", "1/2*(y - h)"), ("(x)(y)", "x*y"), ("x**2", "x^2"),
    ("2^-x^2", "2^(-(x^2))"), ("-x*y", "(-x)*y"), ("((x))", "x"), ("x \u2212 y\u00b7z\u00d72", "x - y*z*2"), ("x\u00b2 + y\u207b\u00b9", "x^2 + y^-1"),
    ("x if x \u2264 1 else 0", "x if x <= 1 else 0"),
    ("sum[i,k](a[i,k])", "sum[i](sum[k](a[i,k]))"), ("sum[m](a[m,1])", "sum[k](a[k,1])"), ("softmax[k](c[k])[2]", "softmax[m](c[m])[2]"),
    ("sum[j](softmax[j](c[j]))", "sum[q](softmax[m](c[m])[q])"), ("a[2*1,1]", "a[2,1]"),
    ("1 if a > 0 and (b > 0 and c > 0) else 0", "1 if (a > 0 and b > 0) and c > 0 else 0"),
    ("2^3^x", "2^(3^x)"), (".5x", "1/2*x"), ("x--y", "x - -y"), ("+x", "x"), ("sum[i,i2](a[i,i2])", "sum[j,k](a[j,k])"),
]


@pytest.mark.parametrize("left,right", SAME)
def test_two_texts_of_one_formula_are_one_tree(left: str, right: str) -> None:
    assert read(f"f = {left}").definitions["f"].body is read(f"f = {right}").definitions["f"].body


NAMES = ["__init__", "lambda", "np", "None", "exp", "e", "i", "E", "sum", "axes", "assume", "in", "d", "size", "self", "cse0", "softmax", "x'", "_"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_ordinary_as_a_quantity_and_as_a_letter(name: str) -> None:
    found = read(f"{name} = exp(u)*2\nJ = sum[{name}](a[{name}]*{name})\nassume {name} > 0")
    assert found.inputs == ("u", "a") and set(found.definitions) == {name, "J"}
    assert read(write_model(found)).definitions == found.definitions


def test_letters_are_kept_in_the_order_in_which_a_reader_expects_them() -> None:
    found = read("axes p: n samples\nJ = sum[m,k](y[m,k]*s[m,k]) + sum[p](y[p,1])\ns[i,k] = a[i,k]")
    sample, label_axis = found.tensors["y"]
    assert (sample, label_axis) == (Axis("y", 1), Axis("y", 2)) == found.tensors["a"]
    assert found.letters[sample] == ("p", "i", "m") and found.letters[label_axis] == ("k",)
    assert found.extents[sample].meaning == "samples" and tuple(found.tensors) == ("J", "y", "s", "a")


def test_shifted_and_literal_indices_say_how_long_an_axis_is() -> None:
    found = read("y[t] = sum[k](w[k]*x[t+k]) + w[3]")
    assert found.tensors["x"] == (Axis("x", 1),) and found.tensors["y"] == (Axis("y", 1),)
    assert found.least == {Axis("x", 1): 2, Axis("w", 1): 3}


def test_letters_and_quantities_live_apart() -> None:
    found = read("f[j] = (1 if j <= 2 else 0)*j + (x[j] if +j > 0 else 0)\nassume j > 1 and x[i] > i")
    text = write_model(found)
    assert "j <= 2" in text and "+j > 0" in text and read(text).definitions == found.definitions
    assert "j is taken as an input, which has nothing to do with the index j" in found.notes


def test_what_was_taken_for_what_is_noted() -> None:
    assert read("y = sigmod(x)", {"sigmoid": Signature("sigmoid", 1, 1)}).notes == ("sigmod is taken as an abstract function; did you mean sigmoid?",)
    assert read("y = g(x)").notes == ("g is taken as an abstract function",)


def test_an_entry_is_read_for_a_question() -> None:
    found = read("J = sum[i,j](W[i,j]*x[i]) + P[1,1]\nK = sum[q](P[q,q])")
    assert write(read_entry("W[p,q]", found), found) == "W[p,q]"
    assert write(read_entry(" W ", found), found) == "W[i,j]" and write(read_entry("J", found), found) == "J"
    assert write(whole_entry("P", found, frozenset("q")), found) == "P[i,j]"
    for text in ("W[p]", "V", "2", "W[1", "J + 1", "", "x[i,j]"):
        with pytest.raises(HandgradError):
            read_entry(text, found)


def test_a_rule_is_read_as_an_equation() -> None:
    left, right = read_equation("sum[k](delta[k,j]*x[k]) = x[j]", Model({}), new=True)
    (j,) = right.letters
    assert left.letters == {j} and write(left, Model({})) == "sum[i](delta[i,j]*x[i])"


def test_a_softmax_at_another_index_has_a_form_of_its_own() -> None:
    found = read("s[j] = softmax[k](a[k]*b[j])[j]\nt = softmax[k](a[k])[1]\nu[j] = softmax[j](a[j])\nv[q] = a[q]*softmax[k in 1..size(a, 1)](2)[q]")
    shown = write_model(found)
    assert shown == "s[j] = softmax[q](a[q]*b[j])[j]\nt = softmax[j](a[j])[1]\nu[j] = softmax[j](a[j])\nv[q] = a[q]*softmax[q in 1..size(a, 1)](2)\n"


def test_conditions_are_joined_and_negated_as_in_text() -> None:
    x, y, c = scalars("x y c")
    built = model_of([statement(y, cases((x, any_of(c > 0, any_of(x > 1, not_(x < c)))), otherwise=0))])
    assert built == read("y = x if c > 0 or x > 1 or not x < c else 0")


def test_python_operators_give_the_same_model_as_text() -> None:
    i, j, k, m, t = letters("i j k m t")
    a, s, x, w, q, y, u, r, l = tensors("a s x w q y u r l")
    c, z, J, delta0 = scalars("c z J delta")
    g = abstract("g")
    built = model_of([
        statement(s[i, k], exp(a[i, k]) / total(m, exp(a[i, m]))),
        statement(q[t], total(k, w[k] * x[t + k - 1]) + 2 * c / size(w, 1)),
        statement(J, -total((i, k), y[i, k] * log(s[i, k])) + g(w[:], y[1, :], c)),
        statement(z, cases((c**2 / 2, compare(c, "<", delta0)), (0, equal(c, 1)), otherwise=absolute(c) - "0.5")),
        statement(u[i, j], cases((delta(2, j), all_of(i <= j, c > 0)), otherwise=softmax(k, a[i, k], j) + mean(k, a[i, k] ** 2))),
        statement(r[i], derivative(J, a[i, 1]) + reduce("norm", k, a[i, k])),
        member(y[i, k], [0, 1]),
        label(l[i], a, 2),
    ])
    text = read("""
s[i,k] = exp(a[i,k])/sum[m](exp(a[i,m]))
q[t] = sum[k](w[k]*x[t+k-1]) + 2*c/size(w, 1)
J = -sum[i,k](y[i,k]*log(s[i,k])) + g(w[:], y[1,:], c)
z = c^2/2 if c < delta else 0 if c == 1 else abs(c) - 0.5
u[i,j] = delta[2,j] if i <= j and c > 0 else softmax[j](a[i,j]) + mean[k](a[i,k]^2)
r[i] = d(J, a[i,1]) + norm[k](a[i,k])
assume y[i,k] in {0, 1}
assume l[i] in 1..size(a, 2)
""")
    assert (built.definitions, built.facts, built.tensors, built.least) == (text.definitions, text.facts, text.tensors, text.least)


# ---------------------------------------------------------------- limits


LIMITS = {
    "parentheses": "x = " + "(" * 8000 + "x" + ")" * 8000,
    "nesting 10,000": "x = " + "exp(" * 10_000 + "y" + ")" * 10_000,
    "signs": "x = " + "-" * 20_000 + "y",
    "fewer signs": "x = " + "-" * 7_000 + "y",
    "powers": "x = " + "2^" * 3_000 + "y",
    "nots": "x = 1 if " + "not " * 3_000 + "y > 0 else 0",
    "digits": "x = 0." + "3" * 60_000,
    "an exponent": "x = 1e999999999999",
    "a line of 1 MiB": "7" * (1 << 20),
    "a long text": "x = 1\n" * 400_000,
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_named_in_bounded_time(name: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(LimitError):
        read(LIMITS[name])
    assert time.perf_counter() - begun < 0.25


DEEP = ["exp(" * 250 + "x" + ")" * 250, "(" * 250 + "x" + ")" * 250, "(1 + 1/" * 250 + "x" + ")" * 250, "2^" * 250 + "x", "-" * 250 + "x",
        "(-1*x if x > 0 else 2^" * 250 + "x" + ")" * 250, " + ".join(f"x_{n}" for n in range(2000)), "*".join(f"(x + {n})" for n in range(1100))]


@pytest.mark.parametrize("text", DEEP, ids=range(len(DEEP)))
def test_what_is_within_the_limits_reads_and_writes_at_once(text: str) -> None:
    begun = time.perf_counter()
    found = read(f"f = {text}")
    assert read(f"f = {text}").definitions == found.definitions
    assert write_model(found).isascii()
    assert time.perf_counter() - begun < 2


def test_limits_can_be_set() -> None:
    assert read("x = 0." + "3" * 500, limits=Limits(digits=1000)).definitions
    with pytest.raises(LimitError):
        read("x = 1 + 1", limits=Limits(tokens=3))


def test_powers_are_read_and_never_evaluated() -> None:
    body = read("x = 9^9^9^9").definitions["x"].body
    assert isinstance(body, Pow) and isinstance(body.base, Number)


def test_bytes_are_decoded_by_rule() -> None:
    assert decoded("x = 1".encode("utf-16")) == "x = 1" == decoded(b"\xef\xbb\xbfx = 1")
    with pytest.raises(NotationError, match="byte 2"):
        decoded(b"x \xff 1")


@settings(law, max_examples=EXAMPLES // 4)
@given(st.text(alphabet="xyik12.+-*/^()[]{},=<>:; \n\u2212\u202e\u0445if else and not sum delta d g assume axes in size softmax", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read(text)
    except HandgradError as error:
        assert error.what and str(error)
    else:
        again = read(write_model(found))
        assert again.definitions == found.definitions and again.facts == found.facts


def test_instances_of_bound_letters_read_back() -> None:
    found = read("s[j] = sum[k](a[k]*b[j,k])")
    body = found.definitions["s"].body
    inner = instantiate(body.arguments[0], Literal(2))  # type: ignore[attr-defined]
    assert write(inner, found) == "a[2]*b[j,2]" and read_expression("a[2]*b[j,2]", found) is inner


def test_what_an_axis_counts_is_said_in_any_letters() -> None:
    made = read("axes i: n café samples, k: C größen\nJ = sum[i,k](x[i,k])")
    assert [e.meaning for e in made.extents.values()] == ["café samples", "größen"]
    assert read(write_model(made)).extents == made.extents
    with pytest.raises(NotationError):
        read("axes i: n café samples; J = sum[i](é[i])")
