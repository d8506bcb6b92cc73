"""What pytest knows once handgrad is installed: the fixture `check_gradient`, which fails a test where gradient code is wrong.

    def test_backward(check_gradient):
        check_gradient(backward, against="rms_norm.txt", by="x,w")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture
def check_gradient() -> Callable[..., Any]:
    """The check of a gradient function against a model, as `handgrad check --code` makes it; it returns the report where all is well."""
    return checked


def checked(function: Any, against: str, by: str | Sequence[str] = (), *, of: str | None = None, strict: bool = False) -> Any:
    """The report on the function, or on what `MODULE:FUNCTION` names; fails the test where it is wrong, with `strict` also where something is noted."""
    __tracebackhide__ = True
    code = import_module("handgrad.commands.code")      # only here: whoever has no gradients to test pays nothing for the plugin
    asked = code.listed(by) if isinstance(by, str) else list(by)
    report = code.judged(function, against, asked, of) if isinstance(function, str) else code.judged_object(function, against, asked, of)
    if report.status(strict):
        pytest.fail(f"{report.function} against {report.against}\n{report}", pytrace=False)
    return report
