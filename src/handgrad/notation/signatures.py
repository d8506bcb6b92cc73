"""The functions that can be called by name."""

from __future__ import annotations

from handgrad.notation.cursor import Signature

ELEMENTARY = "exp log log1p expm1 sqrt abs sign sin cos tan sinh cosh tanh sech erf stop"
MANY = 8000
known: dict[str, Signature] = {
    **{name: Signature(name, 1, 1) for name in ELEMENTARY.split()},
    "max": Signature("max", 2, MANY),
    "min": Signature("min", 2, MANY),
    "clip": Signature("clip", 3, 3),
}
"""The functions that can be called: the elementary ones, and what `register` adds."""


def register(signature: Signature) -> None:
    """Make the name of a function known to every reader."""
    known.setdefault(signature.name, signature)
