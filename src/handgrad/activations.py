"""The activations of the catalogue as functions of arrays, under their own names.

    from handgrad.activations import sigmoid
    value, slope = sigmoid.value_and_grad(x)

An entry that is declared later is there from then on.
"""

from __future__ import annotations

from handgrad.kernels.ready.callables import Activation as Activation
from handgrad.kernels.ready.callables import names, ready


def __getattr__(name: str) -> Activation:
    """The activation of this name."""
    if name == "__all__":
        return names("activation")  # type: ignore[return-value]
    found = None if name.startswith("_") else ready("activation", name)
    if not isinstance(found, Activation):
        raise AttributeError(f"module 'handgrad.activations' has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *names("activation")})
