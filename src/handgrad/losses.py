"""The losses of the catalogue as functions of arrays, under their own names.

    from handgrad.losses import huber
    value, gradient = huber.value_and_grad(scores, targets, delta=1.0, reduction="sum")

An entry that is declared later is there from then on.
"""

from __future__ import annotations

from handgrad.kernels.ready.callables import Loss as Loss
from handgrad.kernels.ready.callables import names, ready


def __getattr__(name: str) -> Loss:
    """The loss of this name."""
    if name == "__all__":
        return names("loss")  # type: ignore[return-value]
    found = None if name.startswith("_") else ready("loss", name)
    if not isinstance(found, Loss):
        raise AttributeError(f"module 'handgrad.losses' has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *names("loss")})
