"""What a call says beside its arguments, and the arguments by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from operator import index
from typing import Any, get_args

from handgrad.catalogue import CatalogueEntry
from handgrad.errors import HandgradError
from handgrad.expr import Number
from handgrad.kernels.ready.wording import Reduction
from handgrad.kernels.sizes import refused
from handgrad.records import dataclass

By = str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a call says beside its arguments."""

    reduction: Reduction = "none"
    weights: Any = None
    mask: Any = None
    class_weights: Any = None
    label_smoothing: float = 0.0
    ignore_index: int | None = None
    axis: int = -1
    cotangent: Any = None
    by: By = None
    out: Any = None

    @property
    def plain(self) -> tuple[Any, ...] | None:
        """The reduction, the axis and what is differentiated by, where nothing else is said."""
        smoothing, by = self.label_smoothing, self.by
        if not (self.weights is self.mask is self.class_weights is self.ignore_index is self.cotangent is self.out is None):
            return None
        if type(smoothing) is not float or smoothing or type(self.reduction) is not str or type(self.axis) is not int:
            return None
        return (self.reduction, self.axis, by) if by is None or type(by) is str else None

    def checked(self) -> Settings:
        """The settings; what cannot be meant is refused."""
        if not isinstance(self.reduction, str) or self.reduction not in get_args(Reduction):
            raise refused("reduction", f"is {_short(self.reduction)}", "it is 'none', 'sum' or 'mean'")
        smoothing = self.label_smoothing
        if isinstance(smoothing, bool) or not isinstance(smoothing, Real) or not 0 <= smoothing <= 1:
            raise refused("label_smoothing", f"is {_short(smoothing)}", "it is a number from 0 to 1")
        for name in ("ignore_index", "axis"):
            value = getattr(self, name)
            if value is not None or name == "axis":
                _integer(name, value)
        return self


def _integer(name: str, value: Any) -> None:
    try:
        index(value)
    except TypeError:
        raise refused(name, f"is {_short(value)}, and no integer") from None


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else type(value).__name__


KEYWORDS = tuple(Settings.__dataclass_fields__)


def by_name(entry: CatalogueEntry, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name, in the order of the entry, with its defaults."""
    function = entry.function
    known = function.parameters
    if len(arguments) > len(known):
        raise HandgradError(f"{entry.name} takes {', '.join(known)}, and {len(arguments)} arguments are given")
    given = dict(zip(known, arguments, strict=False))
    for name, value in named.items():
        if name not in known:
            near = difflib.get_close_matches(name, [*known, *(KEYWORDS if entry.kind == "loss" else KEYWORDS[-4:])], 1)
            asked = "value_and_grad and grad take it" if name in KEYWORDS[-3:-1] else f"its arguments are {', '.join(known)}"
            raise refused(name, f"is no argument of {entry.name}", f"did you mean {near[0]}?" if near and near[0] != name else asked)
        if name in given:
            raise refused(name, "is given twice")
        given[name] = value
    defaults = dict(zip(known[len(known) - len(function.defaults):], function.defaults, strict=True))
    for name in known:
        if name not in given:
            default = defaults.get(name)
            if not isinstance(default, Number):
                raise refused(name, "is missing", f"{entry.name} takes {', '.join(known)}")
            given[name] = float(default.value)
    return {name: given[name] for name in known}


def names_by(entry: CatalogueEntry, by: By) -> tuple[str, ...]:
    """What is differentiated by: the first argument, if nothing is said."""
    if by is None:
        return entry.function.parameters[:1]
    names = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, Iterable) else (by,)
    for name in names:
        if not isinstance(name, str) or name not in entry.function.parameters:
            raise refused("by", f"names {_short(name)}, and the arguments of {entry.name} are {', '.join(entry.function.parameters)}")
    if not names:
        raise refused("by", "names nothing to differentiate by")
    return tuple(dict.fromkeys(names))
