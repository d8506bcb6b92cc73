"""The samples that torch tests itself with: values, gradients and second derivatives of compiled models beside torch's own.

What is apart is listed on the page of differences, with the truth; nothing may be listed in which the compiled model is wrong.
"""

from __future__ import annotations

import dataclasses
import re
import warnings
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from oracle.beyond import BEYOND
    from oracle.judging import differences
    from oracle.samples import operations
    from oracle.table import LOSSES, first_page, names, surveyed
    from oracle.writing import WRITERS

PAGE = Path(__file__).parents[2] / "docs/why/torch-differences.md"


def listed() -> set[tuple[str, str]]:
    """The operations and quantities on the page of differences."""
    return set(re.findall(r"^\| `([\w.]+)` \| (value|gradient|second derivative) \|", PAGE.read_text(), re.M))


def test_every_operation_of_torch_is_written_or_has_a_reason() -> None:
    assert set(operations()) - WRITERS.keys() == BEYOND.keys() & operations().keys()


def test_the_table_reaches_what_it_says() -> None:
    assert sum(not n.startswith("nn.") or n in operations() for n in names()) >= 120
    assert sum(f"nn.{loss}" in names() for loss in LOSSES) >= 18


@pytest.mark.parametrize("name", names())
def test_one_sample_of_every_operation_agrees(name: str) -> None:
    known = listed()
    for sample, page in first_page(name):
        apart = differences(dataclasses.replace(sample, twice=False), page)
        assert all((name, d.kind) in known and d.verdict != "ours" for d in apart), apart


@pytest.mark.nightly
@pytest.mark.parametrize("name", names())
def test_all_samples_agree_or_are_listed_with_the_truth(name: str) -> None:
    survey = surveyed(name)
    known = listed()
    assert all((name, d.kind) in known and d.verdict != "ours" for d in survey.found), survey.found
    assert survey.compared or survey.beyond
