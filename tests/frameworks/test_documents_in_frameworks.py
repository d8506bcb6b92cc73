"""Every `pycon` block of the documentation, which needs other libraries, prints what stands under it; the `python` blocks of its page run before it."""

from __future__ import annotations

import doctest
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(python|pycon)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "```pycon" in page.read_text(encoding="utf-8")]


def test_there_are_such_pages() -> None:
    assert {page.stem for page in PAGES} >= {"objectives", "train"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_prints_what_stands_under_it(page: Path) -> None:
    names: dict[str, object] = {}
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        test = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), 0)
        report = io.StringIO()
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
        doctest.DocTestRunner(optionflags=options).run(test, out=report.write, clear_globs=False)
        names |= test.globs
        assert kind == "python" or not report.getvalue(), report.getvalue()
