"""One call: its plan, the kernel for it, and results in the shapes and types of what came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from math import prod
from typing import Any

from handgrad.catalogue import CatalogueEntry
from handgrad.kernels.compilation import Kernel, chosen
from handgrad.kernels.optional import optional
from handgrad.kernels.ready.arguments import Prepared, of_samples, prepared
from handgrad.kernels.ready.domains import within_domain
from handgrad.kernels.ready.families import Family, family_of
from handgrad.kernels.ready.programs import program
from handgrad.kernels.ready.repeating import Repetition, likeness, repetition
from handgrad.kernels.ready.settings import Settings, by_name, names_by
from handgrad.kernels.ready.weighing import labels_within, weighed
from handgrad.kernels.ready.wording import Plan, Wording, along_axis
from handgrad.kernels.recent import Recent
from handgrad.kernels.sizes import ArgumentError, refused
from handgrad.kernels.target import Options
from handgrad.kernels.targets.c import is_installed
from handgrad.records import dataclass

PAYS = 1 << 14              # from how many numbers on compiled code is worth the time that the compiler takes
VALUE = "value"


@dataclass(frozen=True, eq=False)
class Calls:
    """The calls of one entry, with the kernels made for them so far."""

    entry: CatalogueEntry
    kernels: dict[tuple[Plan, str, str | None], Kernel] = field(default_factory=dict)
    known: Recent[Any, Repetition] = field(default_factory=Recent)           # calls by all that they are told by, but for the numbers

    def results(self, arguments: tuple[Any, ...], named: Mapping[str, Any], settings: Settings, gradients: bool) -> tuple[Any, dict[str, Any]]:
        """The value, and the gradients by what the settings name, if they are asked for."""
        alike = likeness(arguments, named, settings, gradients)
        before = self.known.get(alike.key) if alike else None
        if alike and before:
            with before.first.family.quiet():
                return before(self.kernel(before.plan, before.first), alike.arrays)
        settings.checked()
        given = by_name(self.entry, arguments, named)
        family = family_of((*given.values(), settings.weights, settings.mask, settings.class_weights, settings.cotangent))
        with family.quiet():
            call = self._call(family, given, settings, gradients)
            found = call.results(self.kernel(call.plan, call.given))
        if alike and type(family) is Family and (later := call.repeated((*self.entry.function.parameters[:len(arguments)], *named))):
            self.known[alike.key] = later
        return found

    def text(self, arguments: tuple[Any, ...], named: Mapping[str, Any], settings: Settings) -> str:
        """The model that such a call computes; without arguments that of one array for each sample's own ones."""
        if arguments or named:
            given = by_name(self.entry, arguments, named)
            family = family_of((*given.values(), settings.weights, settings.mask, settings.class_weights))
            with family.quiet():
                return Wording(self.entry, self._call(family, given, settings.checked(), False).plan).text
        each = self.entry.function.parameters[:2 if self.entry.kind == "loss" else 1]
        weighted = any(x is not None for x in (settings.weights, settings.mask, settings.ignore_index))
        return Wording(self.entry, Plan(each, reduction=settings.checked().reduction, weighted=weighted)).text

    def kernel(self, plan: Plan, given: Prepared) -> Kernel:
        """The kernel of the plan, made when it is first needed: in C that is installed; else of long arrays in C that is compiled, of short ones in numpy."""
        target = given.family.target or ("numpy" if given.count < PAYS else None)
        key = plan, given.computed, target
        kernel = self.kernels.get(key)
        if kernel is None:
            options = Options("float64" if given.computed == "float64" else "float32")
            made = program(self.entry, plan)
            way = "c" if given.family.target is None and is_installed(made, options) else target
            kernel = self.kernels[key] = Kernel(made, chosen(made, way), options).ready()
        return kernel

    def _call(self, family: Family, given: Mapping[str, Any], settings: Settings, gradients: bool) -> _Call:
        asked = names_by(self.entry, settings.by) if gradients else ()
        ready = prepared(self.entry, family, given, settings)
        for name in asked:
            if name == ready.label:
                raise refused("by", f"names {name}, which holds labels")
            if name in [*given][1:2] and (settings.label_smoothing or settings.class_weights is not None):
                raise refused("by", f"names {name}, which is changed by label_smoothing or class_weights")
        ready = within_domain(self.entry, weighed(ready, self.entry, settings))
        by = [n for n in given if n in asked or n != ready.label and family.wants_gradient(ready.inputs[n])]
        plan = Plan(ready.each, tuple(by), settings.reduction, ready.by_label, ready.weights is not None, gradients and settings.cotangent is not None)
        return _Call(self.entry, ready, plan, asked, settings, gradients)


@dataclass(frozen=True)
class _Call:
    """A call whose plan is made."""

    entry: CatalogueEntry
    given: Prepared
    plan: Plan
    asked: tuple[str, ...]
    settings: Settings
    gradients: bool

    def repeated(self, names: tuple[str, ...]) -> Repetition | None:
        """What later calls with arguments of these names have in common with this one."""
        return repetition(self.entry, self.plan, self.given, names, self._value_shape, {name: self._gradient_shape(name) for name in self.asked})

    def results(self, kernel: Kernel) -> tuple[Any, dict[str, Any]]:
        """The value and the gradients that are asked for."""
        program = kernel.program
        inputs = dict(self.given.inputs)
        if self.plan.weighted:
            wording = Wording(self.entry, self.plan)
            inputs |= {wording.weights: self.given.weights, wording.divisor: self.given.divisor}
        if program.cotangent:
            inputs[program.cotangent] = self._cotangent()
        buffers = self._buffers()
        direct = self._direct(buffers)
        try:
            value, slopes = _run(kernel, {i.name: inputs[i.name] for i in program.inputs}, direct)
        except ArgumentError as error:
            if error.argument == self.given.label:
                labels_within(_counted_from_0(self.given))
            raise
        found = {VALUE: self._shaped_value(value)} | {name: self._shaped(name, slopes[name]) for name in self.asked}
        return self._handed(found, buffers, bool(direct))

    # ------------------------------------------------------------ arguments

    def _cotangent(self) -> Any:
        family, given = self.given.family, self.given
        array = family.cast(family.array("cotangent", self.settings.cotangent), given.computed)
        if self.entry.is_vector:
            if tuple(array.shape) != tuple(given.arrays[self.entry.function.parameters[0]].shape):
                raise refused("cotangent", f"has shape {tuple(array.shape)}, and the value {self._value_shape}")
            return family.xp.moveaxis(array, given.axis, -1).reshape(given.count_of_samples, given.shape[-1])
        if self.plan.reduction == "none":
            return of_samples(given, "cotangent", array)
        if array.ndim:
            raise refused("cotangent", f"has shape {tuple(array.shape)}, and the value is one number")
        return array

    # ------------------------------------------------------------ results

    @property
    def _value_shape(self) -> tuple[int, ...]:
        if self.entry.is_vector:
            return tuple(self.given.arrays[self.entry.function.parameters[0]].shape)
        return self.given.samples if self.plan.reduction == "none" else ()

    def _gradient_shape(self, name: str) -> tuple[int, ...]:
        own = tuple(self.given.arrays[name].shape)
        if self.entry.is_vector and not self.plan.cotangent:
            return (*self.given.shape, self.given.shape[-1])
        return own

    def _array(self, result: Any) -> Any:
        return self.given.family.cast(result if hasattr(result, "shape") else self.given.family.xp.asarray(result), self.given.dtype)

    def _shaped_value(self, value: Any) -> Any:
        value = self._array(value)
        if self.entry.is_vector:
            return self.given.family.xp.moveaxis(value.reshape(self.given.shape), -1, self.given.axis)
        return value.reshape(self._value_shape)

    def _shaped(self, name: str, slope: Any) -> Any:
        """The gradient in the shape of its argument: moved to its axis, or summed over the samples that share a number."""
        slope = self._array(slope)
        given, own = self.given, tuple(self.given.arrays[name].shape)
        if name not in given.each:
            return slope.reshape(own)
        if self.entry.is_vector and not self.plan.cotangent:
            return slope.reshape(self._gradient_shape(name))
        if len(slope.shape) > 1:
            return given.family.xp.moveaxis(slope.reshape(given.shape), -1, given.axis)
        slope = slope.reshape(given.samples)
        if own == given.samples:
            return slope
        slope = slope.sum(tuple(range(len(given.samples) - len(own)))) if len(own) < len(given.samples) else slope
        shared = tuple(n for n, size in enumerate(own) if size == 1 and slope.shape[n] != 1)
        return slope.sum(shared).reshape(own) if shared else slope

    # ------------------------------------------------------------ buffers

    def _buffers(self) -> dict[str, Any]:
        """The buffers by what is written to them, checked."""
        out = self.settings.out
        if out is None:
            return {}
        named = self._named(out)
        given, family = self.given, self.given.family
        settings = self.settings
        others = (*given.arrays.values(), settings.weights, settings.mask, settings.class_weights, settings.cotangent)
        shapes = {VALUE: self._value_shape, **{name: self._gradient_shape(name) for name in self.asked}}
        found: dict[str, Any] = {}
        for name, buffer in named.items():
            title = "out" if len(named) == 1 else f"out[{name!r}]"
            found[name] = family.buffer(title, buffer, shapes[name], given.dtype, [*others, *found.values()])
        if VALUE in found and not self.gradients and any(family.wants_gradient(a) for a in given.arrays.values()):
            raise refused("out", "cannot hold a value that knows its gradient", "call it without `out`, or under torch.no_grad()")
        return found

    def _named(self, out: Any) -> dict[str, Any]:
        """One buffer is for what is asked for: the gradient, or the value where it is asked for alone; two are for the value and the gradient."""
        if isinstance(out, Mapping):
            for name in out:
                if name not in (VALUE, *self.asked):
                    raise refused("out", f"names {name!r}, and the results are {', '.join((VALUE, *self.asked))}")
            return dict(out)
        results = (VALUE, *self.asked)
        if isinstance(out, tuple):
            if len(out) != len(results):
                raise refused("out", f"is a tuple of {len(out)}, and there are {len(results)} results", "give (value, gradient), None for what has no buffer")
            return {name: buffer for name, buffer in zip(results, out, strict=True) if buffer is not None}
        if len(results) > 2:
            raise refused("out", "is one buffer, and there are several gradients", "give {name: buffer}")
        return {results[-1]: out}

    def _direct(self, buffers: Mapping[str, Any]) -> dict[str, Any]:
        """The buffers in the shapes of the kernel's results, where it can write to all that are asked for; nothing where they are written to afterwards."""
        given = self.given
        if not buffers or type(given.family) is not Family or given.dtype != given.computed or not buffers.keys() >= {*self.asked}:
            return {}
        last = given.axis == len(given.shape) - 1 or not given.along
        shapes = {name: self._kernel_shape(name) for name in buffers}
        if not last or not all(_is_rows(buffer) and shapes[name] and buffer.size == prod(shapes[name]) for name, buffer in buffers.items()):
            return {}
        return {name: buffer.reshape(shapes[name]) for name, buffer in buffers.items()}

    def _kernel_shape(self, name: str) -> tuple[int, ...]:
        """The shape of a result as the kernel gives it; of what is one number nothing."""
        samples, classes = self.given.count_of_samples, self.given.shape[-1:]
        if name == VALUE:
            return (samples, *classes) if self.entry.is_vector else (samples,) if self.plan.reduction == "none" else ()
        if name in along_axis(self.entry):
            return (samples, *classes, *classes) if self.entry.is_vector and not self.plan.cotangent else (samples, *classes)
        return (samples,) if name in self.given.each else ()

    def _handed(self, found: Mapping[str, Any], buffers: Mapping[str, Any], written: bool) -> tuple[Any, dict[str, Any]]:
        """The results as they are handed out, in their buffers where they have one."""
        family = self.given.family
        handed = {name: family.handed(result) if name not in buffers else buffers[name] if written else family.written(buffers[name], result)
                  for name, result in found.items()}
        return handed.pop(VALUE), handed


def _run(kernel: Kernel, inputs: Mapping[str, Any], direct: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    """The value and the gradients; into buffers where there are any."""
    if not direct:
        return kernel(**inputs)[:2]
    out = {kernel.program.value if name == VALUE else name: buffer for name, buffer in direct.items()}
    np = optional("numpy", "run")
    rows = {name: np.require(array, requirements=["C", "A"]) for name, array in inputs.items()}
    return kernel.bind(out=out, **rows)(), direct


def _is_rows(buffer: Any) -> bool:
    return bool(buffer.flags.c_contiguous and buffer.flags.aligned and buffer.dtype.isnative)


def _counted_from_0(given: Prepared) -> Prepared:
    return replace(given, inputs={**given.inputs, given.label: given.inputs[given.label] - 1})
