"""The manual of the catalogue: the list, the pages, the plots."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise

import pytest

from handgrad.axes import Model
from handgrad.catalogue import CatalogueEntry, entries
from handgrad.catalogue.models import respelled
from handgrad.command import main
from handgrad.derivation import Derivation
from handgrad.document import Chain, Document, Figure, Line, Options, render
from handgrad.manual import contents, curves, derivation, described, overview, page
from handgrad.notation import read, write


@cache
def answer(name: str) -> Derivation:
    return derivation(next(e for e in entries() if e.name == name))


every = pytest.mark.parametrize("declared", entries(), ids=lambda e: e.name)


def test_the_list_names_every_entry() -> None:
    shown = render(contents(), "terminal")
    assert all(e.name in shown for e in entries())


@every
def test_every_page_has_its_definition_domain_and_plot(declared: CatalogueEntry) -> None:
    shown = page(declared)
    text = render(shown, "terminal")
    assert "domain" in text and declared.facet.shapes.split()[0] in text
    assert any(isinstance(block, Figure) for block in shown.blocks)
    assert ("subgradients" in text) == bool(declared.facet.kinks)


@every
def test_the_kinks_that_are_derived_are_those_that_are_stated(declared: CatalogueEntry) -> None:
    derived = answer(declared.name)
    found = [(write(k.at, derived.model), tuple(write(e, derived.model) for e in k.subdifferential or ()), k.taken and write(k.taken, derived.model))
             for k in derived.kinks]
    stated = [(respelled(declared, k.at), tuple(respelled(declared, e) for e in k.subdifferential), respelled(declared, k.taken))
              for k in declared.facet.kinks]
    assert found == stated


@every
def test_every_derivative_of_the_catalogue_is_certified(declared: CatalogueEntry) -> None:
    derived = answer(declared.name)
    assert derived.certificate.verdict == "agrees", derived.certificate
    assert all(step.certificate and step.certificate.verdict == "agrees" for step in derived.steps)


@every
def test_the_drawn_derivative_is_the_slope_of_the_drawn_curve(declared: CatalogueEntry) -> None:
    value, slope = curves(declared)
    checked = 0
    for ((x, y), (further, higher)), ((_, first), (_, second)) in zip(pairwise(value.points), pairwise(slope.points), strict=True):
        if None in (y, higher, first, second) or abs(first - second) > 0.1:
            continue
        assert (higher - y) / (further - x) == pytest.approx((first + second) / 2, abs=2e-3)
        checked += 1
    assert checked > 200


@pytest.mark.parametrize("kind", ["activation", "loss"])
def test_the_page_of_a_kind_goes_through_g_and_over_samples(kind: str) -> None:
    document = overview(kind)  # type: ignore[arg-type]
    shown = render(document, "markdown")
    assert "<math" in render(document, "html")
    assert shown.count("Over n samples") + shown.count("by label") >= len(entries(kind))  # type: ignore[arg-type]


def test_pages_of_different_models_keep_their_letters_apart() -> None:
    models = [read("J = sum[i](a[i])"), read("J = sum[p](a[p])")]
    pages = [Document((), (Chain((Line(m.definitions["J"].entry, m.definitions["J"].body),)),), m) for m in models]
    shown = render(Document((), tuple(pages), Model({})), "terminal", Options(ascii=True))
    assert "sum[i](a[i])" in shown and "sum[p](a[p])" in shown


@pytest.mark.parametrize("words", [["catalogue"], ["catalogue", "huber"]], ids=" ".join)
@pytest.mark.parametrize("form", ["terminal", "markdown", "latex", "html", "json"])
def test_the_command_writes_every_page_in_every_format(words: list[str], form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--to", form]) == 0
    out = capsys.readouterr().out
    assert out.strip()
    if form == "json":
        assert json.loads(out)


def test_what_is_known_of_an_entry_is_plain_data() -> None:
    known = described("hinge")
    assert known["arguments"] == ["scores", "targets"] and known["kinks"][0]["taken"] == "0"
    assert json.loads(json.dumps(known)) == known
    assert described("no_such_loss") is None
