"""The collector of reference cycles, held back while a derivation is made.

A derivation makes many small trees and hardly a cycle. A full pass of the collector walks through all trees that are kept, and
takes longer than the derivation in whose midst it happens to fall.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Holds the collector back; afterwards it is as it was."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
