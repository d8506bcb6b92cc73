"""A loss declared outside the package works everywhere at once: in text, in derivations, in print, in plots and on pages."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import handgrad
from handgrad import losses
from handgrad.catalogue import CatalogueEntry, Kink, cases
from handgrad.catalogue.elementary import absolute, exp
from handgrad.catalogue.entry import forgotten
from handgrad.command import main
from handgrad.document import formats
from handgrad.expr import Expr
from handgrad.manual import overview


@pytest.fixture(scope="module")
def canary() -> Iterator[CatalogueEntry]:
    @handgrad.loss(
        latex=r"\ell_{\mathrm{canary}}",
        where=("width > 0",),
        kinks=(Kink("abs(targets - scores) == width", ("0", "1"), "0"),),
        defaults={"width": "1/2"},
        source="nowhere else",
    )
    def canary(scores: Expr, targets: Expr, width: Expr) -> Expr:
        """Canary loss: no loss inside a tube around the target, straight lines outside."""
        return cases((absolute(targets - scores) - width, absolute(targets - scores) > width), otherwise=0)

    yield canary
    forgotten("canary")


def test_it_derives_and_certifies(canary: CatalogueEntry) -> None:
    derived = handgrad.model("J = canary(a, y, h)\nassume h > 0").derive("J", "a")
    assert "a" in derived.text and "canary" not in derived.text


def test_it_is_printed_in_every_format(canary: CatalogueEntry) -> None:
    shown = handgrad.page(canary)
    assert all(handgrad.render(shown, form) for form in formats())
    assert "Canary loss" in handgrad.render(shown, "terminal")


def test_it_is_plotted(canary: CatalogueEntry) -> None:
    assert "<svg" in handgrad.render(handgrad.page(canary), "html")


def test_it_stands_on_the_page_of_losses(canary: CatalogueEntry) -> None:
    assert "Canary loss" in str(overview("loss"))


def test_the_command_knows_it(canary: CatalogueEntry, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "canary", "--wrt", "scores", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"]["text"]
    assert main(["catalogue", "canary"]) == 0
    assert "Canary loss" in capsys.readouterr().out


def test_a_function_may_use_it_in_turn(canary: CatalogueEntry) -> None:
    derived = handgrad.model("J = sum[i](exp(canary(a[i], y[i])))").derive("J", "a[j]")
    assert "y[j]" in derived.text
    assert exp(canary(1, 2)).letters == frozenset()


def test_it_is_a_function_of_arrays(canary: CatalogueEntry) -> None:
    from handgrad.losses import canary as ready
    assert "canary" in dir(losses) and "canary" in losses.__all__ and ready is losses.canary
    value, slope = ready.value_and_grad([1.0, 2.0, -3.0], [1.0, 1.0, 1.0], reduction="none")
    assert value.tolist() == [0.0, 0.5, 3.5] and slope.tolist() == [0.0, 1.0, -1.0]
    assert ready([1.0, 2.0], 1.0, width=0.25, weights=[1, 3]) == 0.5625
    assert "canary(scores[i], targets[i], width)" in ready.model()
    with pytest.raises(handgrad.HandgradError, match="takes width > 0"):
        ready(1.0, 2.0, width=-1)
