"""The laws of the catalogue: every entry is held to each of them by being declared."""

from __future__ import annotations

from fractions import Fraction

import pytest

from handgrad.catalogue import CatalogueEntry, Kink, elementary, entries, entry, functions
from handgrad.catalogue.models import FORMS, Form, model, spelling, value
from handgrad.expr import Derivative, Entry, Number, Pow
from handgrad.notation import read, read_condition, read_expression, write_model
from handgrad.verification import Verifier
from support_catalogue import stated

ENTRIES = entries()
ELEMENTARY = elementary.elementary()
NAMES = """
    sigmoid tanh relu leaky_relu elu softplus silu swish gelu softmax log_softmax
    softmax_cross_entropy binary_cross_entropy_with_logits hinge squared_hinge l1 huber l2 cosine kl_divergence gaussian_nll focal pinball
""".split()
every = pytest.mark.parametrize("declared", ENTRIES, ids=lambda e: e.name)
every_closed = pytest.mark.parametrize("declared", [e for e in ENTRIES if not e.facet.single], ids=lambda e: e.name)


def test_the_catalogue_holds_what_it_promises() -> None:
    assert {e.name for e in ENTRIES} >= set(NAMES)
    assert entry("no_such_loss") is None
    assert functions().keys() == {e.name for e in ENTRIES}


@every
def test_every_entry_has_a_manual_page_and_says_how_it_is_printed(declared: CatalogueEntry) -> None:
    assert declared.title.endswith(".") and len(declared.title) < 120
    assert declared.facet.latex and declared.facet.shapes
    assert declared.function.parameters[:2] == ("scores", "targets") or declared.kind == "activation" or "labels" in declared.function.parameters


@every
@pytest.mark.parametrize("form", FORMS)
def test_every_model_of_an_entry_reads_and_defines_what_it_differentiates_last(declared: CatalogueEntry, form: Form) -> None:
    made = read(model(declared, form))
    last = list(made.definitions.values())[-1]
    assert (last.name, len(last.letters)) == (value(declared, form).name, len(value(declared, form).indices))
    if form == "plain":
        assert set(spelling(declared).values()) >= set(made.inputs)


@every_closed
def test_every_definition_has_a_value_where_its_domain_says(declared: CatalogueEntry) -> None:
    made = read(stated(declared))
    own = made.definitions["value"]
    certificate = Verifier(made, functions()).compare(own.entry, own.body)
    assert certificate.verdict == "agrees", certificate.because


@pytest.mark.parametrize(("declared", "parameter"), [(e, p) for e in ENTRIES for p in e.partials], ids=lambda x: getattr(x, "name", x))
def test_every_partial_is_the_derivative_of_its_definition(declared: CatalogueEntry, parameter: str) -> None:
    made = read(stated(declared, tidy=declared.partials[parameter]))
    tidy = made.definitions["tidy"]
    derivative = Derivative(made.definitions["value"].entry, (Entry(parameter, tidy.letters),))
    certificate = Verifier(made, functions()).compare(derivative, tidy.entry)
    assert certificate.verdict == "agrees", (certificate.because, certificate.point)


@pytest.mark.parametrize("name", [n for n in ELEMENTARY if elementary.derivative(n) and elementary.definition(n)])
def test_every_stated_derivative_is_that_of_the_definition(name: str) -> None:
    stated_one, defined = elementary.derivative(name), elementary.definition(name)
    assert stated_one and defined
    made = read(f"value = {ELEMENTARY[name].definition}" + (f"\nassume {ELEMENTARY[name].where}" if ELEMENTARY[name].where else ""))
    derivative = Derivative(Entry("value", ()), (Entry("x", ()),))
    certificate = Verifier(made, functions()).compare(derivative, stated_one.body)
    assert certificate.verdict == "agrees", (certificate.because, certificate.point)


@pytest.mark.parametrize("name", [n for n in ELEMENTARY if elementary.derivative(n)])
def test_every_stated_derivative_is_that_of_the_function(name: str) -> None:
    stated_one = elementary.derivative(name)
    assert stated_one
    made = read(f"value = {name}(x)" + (f"\nassume {ELEMENTARY[name].where}" if ELEMENTARY[name].where else ""))
    certificate = Verifier(made, functions()).compare(Derivative(Entry("value", ()), (Entry("x", ()),)), stated_one.body)
    assert certificate.verdict == "agrees", (certificate.because, certificate.point)


KINKS = [(e, kink) for e in ENTRIES for kink in e.facet.kinks]


@pytest.mark.parametrize(("declared", "kink"), KINKS, ids=lambda x: getattr(x, "name", getattr(x, "at", x)))
def test_every_kink_reads_and_the_value_taken_is_a_subgradient(declared: CatalogueEntry, kink: Kink) -> None:
    made = read(stated(declared))
    assert read_condition(kink.at, made) is not None
    taken, *ends = (read_expression(text, made) for text in (kink.taken, *kink.subdifferential))
    numbers = [n.value for n in (taken, *ends) if isinstance(n, Number)]
    assert taken in ends or (len(numbers) == 3 and numbers[1] <= numbers[0] <= numbers[2])


@pytest.mark.parametrize(("declared", "kink"), KINKS, ids=lambda x: getattr(x, "name", getattr(x, "at", x)))
def test_every_tidy_partial_takes_the_stated_value_at_the_kink(declared: CatalogueEntry, kink: Kink) -> None:
    first = declared.function.parameters[0]
    text = stated(declared, tidy=declared.partials[first])
    made = read(f"{text}\nassume {kink.at}")
    certificate = Verifier(made, functions()).compare(made.definitions["tidy"].entry, read_expression(kink.taken, made))
    assert certificate.verdict == "agrees", (certificate.because, certificate.point)


def test_an_entry_called_with_formulas_is_the_formula_that_calls_it() -> None:
    hinge, softmax = entry("hinge"), entry("softmax")
    assert hinge and softmax
    made = read("J = hinge(a, y)\nz[k] = softmax[k](b[k])")
    assert hinge(Entry("a", ()), Entry("y", ())) is made.definitions["J"].body
    (k,) = made.definitions["z"].letters
    assert softmax(k, Entry("b", (k,))) is made.definitions["z"].body


def test_parameters_left_out_take_their_defaults() -> None:
    x = Entry("x", ())
    assert functions()["leaky_relu"].at((x,)) is functions()["leaky_relu"].at((x, Number(Fraction("0.01"))))
    assert functions()["l2"].at((x, x)) is not Pow(x, x)


def test_the_models_of_the_page_read_like_the_page() -> None:
    cross_entropy, hinge = entry("softmax_cross_entropy"), entry("hinge")
    assert cross_entropy and hinge
    assert model(cross_entropy).splitlines() == [
        "axes i: n samples, k: C classes",
        "s[i,k] = exp(a[i,k])/sum[m](exp(a[i,m]))",
        "J = -sum[i,k](y[i,k]*log(s[i,k]))",
        "assume sum[k](y[i,k]) == 1",
    ]
    assert model(hinge, "samples").splitlines() == [
        "axes i: n samples",
        "yhat[i] = g(w, x[i])",
        "J = sum[i](max(0, 1 - y[i]*yhat[i]))",
        "assume y[i] in {-1, 1}",
    ]


@every_closed
def test_what_is_written_of_an_entry_reads_back_as_its_definition(declared: CatalogueEntry) -> None:
    text = stated(declared)
    assert write_model(read(text)).strip() == text


def test_a_label_picks_the_class_that_a_one_hot_target_picks() -> None:
    made = read("""
        L = sum[i](softmax_cross_entropy_labels[k](a[i,k], t[i]))
        y[i,k] = 1 if k == t[i] else 0
        J = sum[i](softmax_cross_entropy[k](a[i,k], y[i,k]))
        assume t[i] in 1..size(a, 2)
    """)
    certificate = Verifier(made, functions()).compare(made.definitions["L"].entry, made.definitions["J"].entry)
    assert certificate.verdict == "agrees", certificate.because


SIGNED = [e for e in ENTRIES if e.facet.sign] + [e for e in ELEMENTARY.values() if e.sign]


@pytest.mark.parametrize("signed", SIGNED, ids=lambda e: e.name)
def test_every_stated_sign_is_that_of_the_value(signed: CatalogueEntry | elementary.Elementary) -> None:
    parameters = signed.parameters if isinstance(signed, elementary.Elementary) else signed.function.parameters
    along = isinstance(signed, CatalogueEntry) and signed.facet.along
    call = f"{signed.name}[k](a[k])" if along else f"{signed.name}({', '.join(parameters)})"
    left = "value[k]" if along else "value"
    relation = ">" if elementary.sign_of(signed.name) == "positive" else ">="
    made = read(f"{left} = {call}\nseen{left[5:]} = 1 if {left} {relation} 0 else 0")
    certificate = Verifier(made, functions()).compare(made.definitions["seen"].entry, Number(Fraction(1)))
    assert certificate.verdict == "agrees", (certificate.because, certificate.point)
