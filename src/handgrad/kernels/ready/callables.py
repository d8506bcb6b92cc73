"""The callables of the catalogue: losses and activations with `f(…)`, `f.value_and_grad(…)`, `f.grad(…)` and `f.model(…)`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from handgrad.catalogue import CatalogueEntry, entries, entry
from handgrad.catalogue.entry import Kind
from handgrad.errors import HandgradError
from handgrad.expr import Number
from handgrad.kernels.ready.calling import Calls
from handgrad.kernels.ready.settings import KEYWORDS, By, Settings
from handgrad.kernels.ready.wording import Reduction


class Ready:
    """A function of the catalogue over arrays. Its definition, its kinks and its source stand in `entry`."""

    def __init__(self, declared: CatalogueEntry) -> None:
        taken = next((name for name in declared.function.parameters if name in KEYWORDS), None)
        if taken is not None:
            raise HandgradError(f"the argument `{taken}` of {declared.name} has the name of a keyword of every {declared.kind}", remedy="give it another name")
        self.entry = declared
        self.calls = Calls(declared)
        self._apart: Callable[..., Any] | None = None
        self.__name__ = declared.name
        self.__doc__ = declared.manual
        self.__signature__ = _signature(declared, type(self).__call__)

    def __repr__(self) -> str:
        arguments = [str(p) for p in self.__signature__.parameters.values() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
        return f"<{self.entry.kind} {self.entry.name}({', '.join(arguments)})>"

    def __reduce__(self) -> tuple[Any, ...]:
        return ready, (self.entry.kind, self.entry.name)

    def _value(self, arguments: tuple[Any, ...], named: Mapping[str, Any], settings: Settings) -> Any:
        return self._results()(arguments, named, settings, False)[0]

    def _results(self) -> Callable[..., Any]:
        """The call itself; torch.compile leaves it between its graphs, since kernels are made in it."""
        dynamo = sys.modules.get("torch._dynamo")
        if dynamo is None:
            return self.calls.results
        if self._apart is None:
            self._apart = dynamo.disable(self.calls.results)
        return self._apart

    def _value_and_grad(self, arguments: tuple[Any, ...], named: Mapping[str, Any], settings: Settings) -> tuple[Any, Any]:
        value, slopes = self._results()(arguments, named, settings, True)
        return value, slopes if settings.by is not None and not isinstance(settings.by, str) else next(iter(slopes.values()))


class Loss(Ready):
    """A loss of scores and targets over any number of samples.

    The value is the mean of the losses of the samples, their sum, or with "none" one loss for each; the gradient is that of the value by the scores (by
    what `by` names: of several names a dictionary), of losses that are not reduced that of their sum, or contracted with a `cotangent`.
    """

    def __call__(
        self, *arguments: Any, reduction: Reduction = "mean", weights: Any = None, mask: Any = None, class_weights: Any = None,
        label_smoothing: float = 0.0, ignore_index: int | None = None, axis: int = -1, out: Any = None, **named: Any,
    ) -> Any:
        """The value."""
        return self._value(arguments, named, Settings(
            reduction, weights, mask, class_weights, label_smoothing, ignore_index, axis, out=out))

    def value_and_grad(
        self, *arguments: Any, reduction: Reduction = "mean", weights: Any = None, mask: Any = None, class_weights: Any = None,
        label_smoothing: float = 0.0, ignore_index: int | None = None, axis: int = -1, cotangent: Any = None, by: By = None, out: Any = None, **named: Any,
    ) -> tuple[Any, Any]:
        """The value and the gradient."""
        return self._value_and_grad(arguments, named, Settings(
            reduction, weights, mask, class_weights, label_smoothing, ignore_index, axis, cotangent, by, out))

    def grad(
        self, *arguments: Any, reduction: Reduction = "mean", weights: Any = None, mask: Any = None, class_weights: Any = None,
        label_smoothing: float = 0.0, ignore_index: int | None = None, axis: int = -1, cotangent: Any = None, by: By = None, out: Any = None, **named: Any,
    ) -> Any:
        """The gradient."""
        return self._value_and_grad(arguments, named, Settings(
            reduction, weights, mask, class_weights, label_smoothing, ignore_index, axis, cotangent, by, out))[1]

    def model(
        self, *arguments: Any, reduction: Reduction = "mean", weights: Any = None, mask: Any = None, class_weights: Any = None,
        label_smoothing: float = 0.0, ignore_index: int | None = None, axis: int = -1, **named: Any,
    ) -> str:
        """What a call with these arguments computes, in the notation; without arguments that of scores and targets of their own for each sample."""
        return self.calls.text(arguments, named, Settings(
            reduction, weights, mask, class_weights, label_smoothing, ignore_index, axis))


class Activation(Ready):
    """An activation over arrays of any shape.

    The slope has the shape of the argument. That of a function along an axis, as softmax is, is the Jacobian of each row, or contracted with a `cotangent`.
    """

    def __call__(self, *arguments: Any, axis: int = -1, out: Any = None, **named: Any) -> Any:
        """The value."""
        return self._value(arguments, named, Settings(axis=axis, out=out))

    def value_and_grad(self, *arguments: Any, axis: int = -1, cotangent: Any = None, by: By = None, out: Any = None, **named: Any) -> tuple[Any, Any]:
        """The value and the slope."""
        return self._value_and_grad(arguments, named, Settings(axis=axis, cotangent=cotangent, by=by, out=out))

    def grad(self, *arguments: Any, axis: int = -1, cotangent: Any = None, by: By = None, out: Any = None, **named: Any) -> Any:
        """The slope."""
        return self._value_and_grad(arguments, named, Settings(axis=axis, cotangent=cotangent, by=by, out=out))[1]

    def model(self, *arguments: Any, axis: int = -1, **named: Any) -> str:
        """What a call with these arguments computes, in the notation."""
        return self.calls.text(arguments, named, Settings(axis=axis))


_made: dict[str, Ready] = {}


def ready(kind: Kind, name: str) -> Ready | None:
    """The callable of the entry of this kind and name, None if there is none; made when it is first asked for."""
    declared = entry(name)
    if declared is None or declared.kind != kind:
        return None
    if name not in _made or _made[name].entry is not declared:
        _made[name] = (Loss if kind == "loss" else Activation)(declared)
    return _made[name]


def names(kind: Kind) -> list[str]:
    """The names of the entries of a kind."""
    return [declared.name for declared in entries(kind)]


def _signature(declared: CatalogueEntry, call: Callable[..., Any]) -> inspect.Signature:
    """The arguments of the entry with its defaults, then the keywords of its kind."""
    function = declared.function
    defaults = dict(zip(function.parameters[len(function.parameters) - len(function.defaults):], function.defaults, strict=True))
    own = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=_default(defaults.get(name))) for name in function.parameters]
    return inspect.Signature([*own, *(p for p in inspect.signature(call).parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY)])


def _default(value: Any) -> Any:
    if value is None:
        return inspect.Parameter.empty
    return float(value.value) if isinstance(value, Number) else value
