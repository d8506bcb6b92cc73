"""The kinds of slip, one module each: a module here with a `SLIP` is a kind, and nothing else needs to know of it."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from handgrad.checking.edits import Slip

SLIPS: tuple[Slip, ...] = tuple(sorted(
    (import_module(f"{__name__}.{found.name}").SLIP for found in iter_modules(__path__)), key=lambda slip: slip.code))
KINDS = {slip.kind: slip for slip in SLIPS}
CODES = {slip.code: slip for slip in SLIPS}
