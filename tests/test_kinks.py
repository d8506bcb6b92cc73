"""Kinks: found from the definition, at the place, with the slopes and the value taken that the catalogue states and that numbers give."""

from __future__ import annotations

import pytest

from handgrad.catalogue import CatalogueEntry, elementary, entries
from handgrad.derivation.kinks import Kink, kinks_of
from handgrad.derivation.network import network_of
from handgrad.expr import Compare
from handgrad.notation import read, read_condition, read_entry, read_expression, write
from handgrad.rules.canonical import canonical
from support_cases import CASES, Question
from support_catalogue import stated
from support_kinks import kink_fault

Found = tuple[str, tuple[str, ...], str]


def kinks(model: str, of: str, wrt: str) -> list[Found]:
    """The kinks as texts; a jump has no slopes."""
    made = read(model)
    found = kinks_of(network_of(made), read_entry(of, made), read_entry(wrt, made))
    return [(write(k.at, made), tuple(write(e, made) for e in k.subdifferential or ()), write(k.taken, made)) for k in found]


# ---------------------------------------------------------------- the catalogue


@pytest.mark.parametrize("declared", [e for e in entries() if e.function.letter is None], ids=lambda e: e.name)
def test_the_kinks_of_a_definition_are_those_that_the_catalogue_states(declared: CatalogueEntry) -> None:
    made = read(stated(declared))
    found = kinks_of(network_of(made), read_entry("value", made), read_entry(declared.function.parameters[0], made))
    assert len(found) == len(declared.facet.kinks)
    for one, other in zip(found, declared.facet.kinks, strict=True):
        assert canonical(one.at) is canonical(read_condition(other.at, made))
        ends = tuple(canonical(e) for e in one.subdifferential or ())
        assert ends == tuple(canonical(read_expression(text, made)) for text in other.subdifferential)
        assert canonical(one.taken) is canonical(read_expression(other.taken, made))


@pytest.mark.parametrize("name", [n for n, f in elementary.elementary().items() if f.kinks])
def test_the_kinks_of_elementary_functions_are_those_stated(name: str) -> None:
    assert kinks(f"f = {name}(x)", "f", "x") == [(k.at, k.subdifferential, k.taken) for k in elementary.elementary()[name].kinks]


# ---------------------------------------------------------------- the corpus


@pytest.mark.parametrize("question", [q for q in CASES if "kink" in q.rest and len(q.wrt) == 1], ids=str)
def test_a_kink_of_the_corpus_is_found(question: Question) -> None:
    wanted = question.rest["kink"]
    assert (wanted["at"], tuple(wanted["subdifferential"]), wanted["taken"]) in kinks(question.model, question.of, question.wrt[0])


@pytest.mark.parametrize("question", [q for q in CASES if "kinks" in q.rest and len(q.wrt) == 1], ids=str)
def test_as_many_kinks_are_found_as_there_are(question: Question) -> None:
    assert len(kinks(question.model, question.of, question.wrt[0])) == question.rest["kinks"]


# ---------------------------------------------------------------- by numbers


SCALARS = [
    "f = max(0, x)^2 + max(0, x)",
    "f = abs(3*x - 2)*exp(x)",
    "f = max(x, 2*x - 1)",
    "f = min(x*y, y)\nassume y > 0",
    "f = sqrt((x - y)^2)",
    "f = x if x > y else 2*x - y",
    "f = (x - 1 if x > 1 else 0)*y",
    "f = log(1 + relu(x))",
    "f = leaky_relu(x - y)",
    "r = x - y\nf = abs(r) + r^2",
    "u = x^2 + 1\nf = abs(u - 3)*y",
    "f = min(max(x, 0), 6)",
]


@pytest.mark.parametrize("model", SCALARS)
def test_every_kink_found_has_the_slopes_that_numbers_give(model: str) -> None:
    found = kinks(model, "f", "x")
    assert found
    through = "u" if model.startswith("u =") else "r" if model.startswith("r =") else "x"
    apart = "\n".join(line for line in model.splitlines() if not line.startswith(f"{through} = "))     # slopes are by the name through which x acts
    for at, ends, taken in found:
        assert kink_fault(apart, "f", through, {"at": at, "subdifferential": ends, "taken": taken}) is None, (at, ends, taken)


SMOOTH = [
    "f = abs(x)*x",
    "f = abs(x)^3",
    "f = max(0, x)^2",
    "f = x*max(0, 1 - x)^3",
    "f = x^2/2 if abs(x) <= 1 else abs(x) - 1/2",
    "f = x if x >= 0 else exp(x) - 1",
    "f = x if x >= 0 else a*(exp(x/a) - 1)",
    "f = elu(x)",
    "f = 1/2*(x - y)^2 if abs(x - y) <= c else c*abs(x - y) - c^2/2\nassume c > 0",
    "r = y - x\nf = r^2 if abs(r) < c else 2*c*abs(r) - c^2\nassume c > 0",
    "f = abs(exp(x))",
    "f = relu(1 + x^2)",
    "f = abs(p)*x\nassume p > 0",
]


@pytest.mark.parametrize("model", SMOOTH)
def test_where_the_slopes_agree_there_is_no_kink(model: str) -> None:
    assert kinks(model, "f", "x") == []


def test_where_the_values_disagree_there_is_a_jump() -> None:
    for model in ("f = 0 if x < 0 else 1 + x", "f = sign(x)", "f = 1 if x == 0 else 2"):
        assert kinks(model, "f", "x") == [("x == 0", (), "0")]
    (kink,) = _of("f = sign(x - y)", "f", "x")
    assert kink.subdifferential is None


@pytest.mark.parametrize("model", ["f = abs(x)/x", "f = sqrt(abs(x))", "f = log(abs(x))", "f = 0 if x <= 0 else exp(-1/x)"])
def test_a_place_without_a_finite_value_or_slope_is_outside_the_domain_and_no_kink(model: str) -> None:
    assert kinks(model, "f", "x") == []


def test_conditions_that_hold_at_a_kink_leave_its_slopes() -> None:
    assert kinks("f = x if x > 0 and y > 0 else 0", "f", "x") == [("x == 0", ("0", "1 if y > 0 else 0"), "0")]


def _of(model: str, of: str, wrt: str) -> tuple[Kink, ...]:
    made = read(model)
    return kinks_of(network_of(made), read_entry(of, made), read_entry(wrt, made))


# ---------------------------------------------------------------- indices and names


def test_an_entry_of_what_is_asked_for_has_the_letters_asked_for() -> None:
    assert kinks("J = sum[i](max(0, 1 - y[i]*yhat[i]))", "J", "yhat[j]") == [("y[j]*yhat[j] == 1", ("-y[j]", "0"), "0")]
    assert kinks("J = sum[i](abs(x[i] - y[i]))/size(x, 1)", "J", "x[p]") == [("x[p] == y[p]", ("-1/size(x, 1)", "1/size(x, 1)"), "0")]
    assert kinks("J = sum[i](relu(u[i]))^2", "J", "u[j]") == [("u[j] == 0", ("0", "2*sum[i](max(u[i], 0))"), "0")]


def test_a_kink_on_the_way_is_one_by_the_name_through_which_x_acts() -> None:
    model = "yhat[i] = g(w, x[i])\nJ = sum[i](max(0, 1 - y[i]*yhat[i]))\nassume y[i] in {-1, 1}"
    assert kinks(model, "J", "w") == [("y[i]*yhat[i] == 1", ("-y[i]", "0"), "0")]


def test_a_kink_in_a_layer_is_by_the_weight_asked_for() -> None:
    model = "h[j] = relu(sum[i](W[j,i]*x[i]) + b[j])\nE = sum[j](v[j]*h[j])"
    assert kinks(model, "E", "W[p,q]") == [("b[p] + sum[i](x[i]*W[p,i]) == 0", ("0", "x[q]"), "0")]


def test_what_x_does_not_touch_has_no_kink() -> None:
    assert kinks("f = abs(y)*x", "f", "x") == []
    assert kinks("u = abs(y)\nf = u*x", "f", "x") == []


def test_the_first_of_a_tie_is_taken() -> None:
    assert kinks("m = max[k](a[k])", "m", "a[j]") == [("j < k and a[j] == m and a[k] == m", ("0", "1"), "1")]


def test_no_letter_of_a_kink_is_one_that_cannot_be_written() -> None:
    for question in CASES:
        if len(question.wrt) == 1:
            for kink in _of(question.model, question.of, question.wrt[0]):
                shown = [kink.at, kink.taken, *(kink.subdifferential or ())]
                assert all(letter.name.isidentifier() for e in shown for letter in e.letters), question.name


def test_a_boundary_inside_a_maximum_is_that_of_its_argument() -> None:
    found = _of("f = min(max(x, 0), 6)", "f", "x")
    assert {write(k.at, read("f = x")) for k in found} == {"x == 0", "x == 6"}
    assert all(isinstance(k.at, Compare) for k in found)
