"""A model compiled: a function from its inputs to the value and the gradients.

    f = compile("J = sum[i](1/2*(y[i] - w*x[i])^2)", by=["w"])
    value, gradients = f(w=0.5, x=[1.0, 2.0], y=[1.0, 1.5])

Positions (labels) count from 1, as in the notation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from functools import cached_property
from importlib.util import find_spec
from typing import Any

from handgrad.axes import Model
from handgrad.errors import HandgradError, ModelError
from handgrad.expr import Axis
from handgrad.kernels import targets as _targets  # noqa: F401  (all targets become known)
from handgrad.kernels.arguments import Arrays, arrays_of, given_by_name, positions_within
from handgrad.kernels.asking import question
from handgrad.kernels.building import compiler
from handgrad.kernels.descending import Descent, in_python, ready_to_descend
from handgrad.kernels.program import PRODUCT, Order, Program, program_of
from handgrad.kernels.recent import Recent
from handgrad.kernels.sizes import Rules, lengths, refused, sizes_by
from handgrad.kernels.target import Binding, DType, Options, Runner, Target, targets
from handgrad.problem import Problem
from handgrad.records import dataclass


@dataclass(frozen=True)
class Kernel:
    """A compiled model. Called with the inputs by name it gives the value and the gradients by name, and what is of second order."""

    program: Program
    target: Target
    options: Options
    defaults: Mapping[str, Any] = field(default_factory=dict)           # inputs that need not be given
    aliases: Mapping[str, str] = field(default_factory=dict)            # other names of inputs

    def __call__(self, /, **inputs: Any) -> tuple[Any, ...]:
        """The value, `{name: gradient}`, and of second order `{(name, name): block}` or `{name: product}`."""
        given, sizes = self._taken(inputs)
        return self._handed(self._run(given, sizes, {}))

    def bind(self, /, out: Mapping[Any, Any] | None = None, **inputs: Any) -> Callable[[], Any]:
        """The inputs and the buffers for results, checked once: a function without arguments that writes the gradients and gives the value.

        What later stands in the arrays is what is computed with. An array that would have to be copied is refused.
        """
        given, sizes = self._taken(inputs)
        for name, value in self._named(inputs).items():
            remedy = self._arrays.stale(value, given[name], self.options.dtype)
            if remedy:
                raise refused(name, "would have to be copied, and later changes not seen", remedy)
        found = self._arrays.buffers(self.program, self._parts(), out or {}, given, sizes, self.options.dtype)
        run = self._run
        return run.bound(given, sizes, found) if isinstance(run, Binding) else Bound(self, given, sizes, found)

    def descend(self, /, steps: int, rate: float, **inputs: Any) -> tuple[Any, dict[str, Any]]:
        """The value before each of the steps of plain gradient descent and after the last, and the `by` inputs after it.

        Inputs stay as they are. In C all steps are one call; other targets call the kernel once a step.
        """
        ready_to_descend(self.program, steps, rate)
        given, sizes = self._taken(inputs)
        if self.target.name == "c":
            return self._descent(steps, float(rate), given, sizes)
        if self.target.arrays not in ("numpy", "lists"):
            raise HandgradError(f"the target {self.target.name} has optimisers of its own", remedy="give them our gradients, or compile with target='c'")
        plain = {name: getattr(value, "entries", value) for name, value in given.items()}        # lists, where the target takes such
        return in_python(self, steps, float(rate), plain, tuple(self.program.gradients))

    def copies(self, /, **inputs: Any) -> tuple[str, ...]:
        """Which of the inputs a call would copy, because they have another type or are not laid out in rows."""
        given, _ = self._taken(inputs)
        return tuple(name for name, value in self._named(inputs).items() if value is not given[name] and getattr(given[name], "base", None) is not value)

    @cached_property
    def source(self) -> str:
        """The code."""
        return self.target.emit(self.program, self.options)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(i.name for i in self.program.inputs)

    def __repr__(self) -> str:
        by, inputs = ", ".join(self.program.gradients), ", ".join(self.inputs)
        return f"<Kernel of {self.program.value} by {by} from {inputs}: {self.target.name}, {self.options.dtype}>"

    # ------------------------------------------------------------ how

    def ready(self) -> Kernel:
        """The kernel, its code made: a package that is missing is told here."""
        assert self._run is not None and self._arrays is not None and self._rules is not None
        return self

    @cached_property
    def _run(self) -> Runner:
        return self.target.build(self.program, self.options)

    @cached_property
    def _descent(self) -> Descent:
        return Descent(self.program, self.options)

    @cached_property
    def _rules(self) -> Rules:
        return Rules.of(self.program)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.inputs)

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        return tuple(i.name for i in self.program.inputs if i.label is not None)

    @cached_property
    def _sizes(self) -> Recent[tuple[tuple[int, ...], ...], Mapping[Axis, int]]:
        """The sizes of the axes by the shapes of the inputs, which have been found to fit."""
        return Recent()

    @cached_property
    def _arrays(self) -> Arrays:
        return arrays_of(self.target.arrays)

    def _named(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        named: dict[str, Any] = {}
        for name, value in inputs.items():
            own = self.aliases.get(name, name)
            if own in named:
                raise HandgradError(f"`{own}` is given twice, also as `{name}`")
            named[own] = value
        return named

    def _taken(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[Axis, int]]:
        """Arrays by the names of the inputs, and the sizes of the axes; checked."""
        program, arrays = self.program, self._arrays
        named: Mapping[str, Any] = inputs
        if inputs.keys() != self._known:
            named = {**{name: value for name, value in self.defaults.items() if name in self._known}, **self._named(inputs)}
            given_by_name(program, named)
        given = {i.name: arrays.array(i, named[i.name], self.options.dtype) for i in program.inputs}
        if arrays.traced():
            return given, {}
        sizes = self._sizes_of(given)
        if self._labels:
            positions_within(program, arrays, given, sizes)
        return given, sizes

    def _sizes_of(self, given: Mapping[str, Any]) -> Mapping[Axis, int]:
        """The sizes of the axes; a refusal where the shapes do not fit."""
        shapes = {name: self._arrays.shape(value) for name, value in given.items()}
        key = tuple(shapes.values())
        sizes = self._sizes.get(key)
        if sizes is None:
            sizes = self._sizes[key] = sizes_by(self._rules, shapes)
        return sizes

    def _parts(self) -> dict[Any, str]:
        """The parts of the results by the names under which they are handed out."""
        return {self.program.value: self.program.value, **self.program.gradients, **{_key(key): part for key, part in self.program.second.items()}}

    def _handed(self, found: Mapping[str, Any]) -> tuple[Any, ...]:
        handed = self._arrays.handed
        answer = (handed(found[self.program.value]), {name: handed(found[part]) for name, part in self.program.gradients.items()})
        return (*answer, self._second(found)) if self.program.second else answer

    def _second(self, found: Mapping[str, Any]) -> dict[Any, Any]:
        """The blocks, those below the diagonal as the transposes of those above it; or the products."""
        handed = self._arrays.handed
        blocks = {_key(key): handed(found[part]) for key, part in self.program.second.items()}
        for key, part in self.program.second.items():
            if key[1] != PRODUCT and key[::-1] not in blocks:
                rows = len(self.program.axes_of(self.program.gradients[key[0]]))
                whole = len(self.program.axes_of(part))
                blocks[key[::-1]] = self._arrays.transposed(blocks[key], (*range(rows, whole), *range(rows)))
        return blocks


@dataclass(frozen=True)
class Bound:
    """A kernel with its arguments: called, it writes the gradients and gives the value."""

    kernel: Kernel
    given: Mapping[str, Any]
    sizes: Mapping[Axis, int]
    out: Mapping[str, Any]

    def __call__(self) -> Any:
        """The value alone."""
        return self.kernel._arrays.handed(self.kernel._run(self.given, self.sizes, self.out)[self.kernel.program.value])


def _key(key: tuple[str, ...]) -> Any:
    """Products with a vector go by one name, blocks by two."""
    return key[0] if key[1] == PRODUCT else key


def compile(
    model: str | os.PathLike[str] | Model | Problem, of: str | None = None, by: str | Iterable[str] | None = None, target: str | None = None,
    dtype: DType = "float64", order: int = 1, cotangent: bool = False, hvp: bool = False, threads: int = 0,
    sizes: Mapping[str, int] | None = None,
) -> Kernel:
    """The function of a model: called with its inputs it gives `(value, {name: gradient})`, by default of the last statement by every input.

    The model is a text, a Model, the path of a problem file (whose of, by and numbers are then the defaults) or a name of the catalogue. With
    `cotangent` the gradients are contracted with an input `G` of the shape of `of`; without it they are Jacobians where `of` has indices, its
    axes first. `order=2` gives the blocks of the Hessian besides, `hvp=True` its products with the inputs `v_x`. Targets are listed by `targets`.
    `sizes` gives the lengths of axes by their letters, which axes need along which no input lies.
    """
    if dtype not in ("float32", "float64"):
        raise HandgradError(f"dtype {str(dtype)[:40]!r} is not computed in", remedy="float32 and float64 are")
    if order not in (1, 2) or isinstance(order, bool):
        raise ModelError(f"a kernel of order {order} is not made", remedy="orders 1 and 2 are")
    if not isinstance(threads, int) or threads < 0:
        raise HandgradError(f"threads = {threads!r} is no number of threads", remedy="0 takes as many as there are cores")
    asked = question(model, of, by)
    program = program_of(asked.model, asked.of, asked.by, cotangent, Order(order == 2 and not hvp, hvp))
    program = replace(program, sizes=lengths(program, sizes or {}))
    return Kernel(program, chosen(program, target), Options(dtype, threads), asked.givens, asked.aliases).ready()


def chosen(program: Program, name: str | None = None) -> Target:
    """The target of the name; without one, C for arrays where it can be compiled, else numpy; plain Python for numbers alone, and without numpy."""
    known = targets()
    if name is not None:
        if name not in known:
            raise HandgradError(f"no target {name[:40]!r}", remedy=f"there are {', '.join(sorted(known))}")
        return known[name]
    has_arrays = any(program.axes_of(part) for part in (*(i.name for i in program.inputs), *program.results))
    if not has_arrays or not find_spec("numpy"):
        return known["python"]
    return known["c" if compiler() else "numpy"]


