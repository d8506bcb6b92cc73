"""Packages that may be missing: imported where they are needed, refused with the words that install them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from handgrad.errors import HandgradError


class MissingError(HandgradError):
    """A package that is not installed."""

    code = "missing"


def optional(package: str, extra: str) -> Any:
    """The package; refused where it is not installed, with the extra that brings it."""
    there = sys.modules.get(package)
    if there is not None:
        return there
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise
        raise MissingError(f"this needs the package {package.partition('.')[0]}", remedy=f"pip install 'handgrad[{extra}]'") from None
