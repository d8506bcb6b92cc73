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


def near(left: str, right: str) -> bool:
    """Whether one slip of a key makes one name the other."""
    if left == right or abs(len(left) - len(right)) > 1 or min(len(left), len(right)) < 3:
        return False
    start = next((p for p, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    a, b = left[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:] and len(b) > 1)
