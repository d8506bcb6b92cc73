"""The target `numba`: loops over numpy's arrays, compiled where they run by numba; what belongs to one sample is computed in one go.

    @njit(error_model="numpy")
    def compute(w, x, J, d_w):          the inputs, then the arrays for results
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

from handgrad.axes import Definition, letter_for, named
from handgrad.expr import Axis, Entry, Expr, Letter, Reduce
from handgrad.kernels.array_formulas import Text
from handgrad.kernels.loading import module_of
from handgrad.kernels.naming import axis_names, names_for, unused
from handgrad.kernels.optional import optional
from handgrad.kernels.program import Program
from handgrad.kernels.results import titled
from handgrad.kernels.scalar_formulas import Dialect, Letters, ScalarFormulas
from handgrad.kernels.scalar_primitives import FUNCTIONS, IMPORTED, TEXTS, texts_of
from handgrad.kernels.schedule import Fold, Schedule, Stage, batch_of, scheduled
from handgrad.kernels.sizes import axes_of, origins
from handgrad.kernels.target import Options, Runner, Target, register
from handgrad.notation import write_definition
from handgrad.records import dataclass
from handgrad.trees import renamed, subtrees

NUMBA = Dialect(FUNCTIONS, raises=False)
JIT = '@njit(error_model="numpy")'
STARTS = {"sum": "0.0", "prod": "1.0", "max": "-np.inf", "min": "np.inf"}
EXTREMES = {"max": ">", "min": "<", "argmax": ">"}
Body = Callable[[Letters], list[str]]


@dataclass
class Loops:
    """The text of a program."""

    program: Program
    is_single: bool = False
    used: dict[str, None] = field(default_factory=dict)

    @cached_property
    def schedule(self) -> Schedule:
        """Which parts are computed sample by sample."""
        return scheduled(self.program, batch_of(self.program))

    @cached_property
    def reserved(self) -> frozenset[str]:
        """Names that are not free."""
        return frozenset({*TEXTS, *IMPORTED, "math", "np", "njit", "compute", "value_and_gradients", "found", "value", "total", "place"})

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of inputs and parts in code."""
        return names_for(self.program, self.reserved)

    @cached_property
    def axes(self) -> Mapping[Axis, str]:
        """The letters by which sizes are called."""
        return axis_names(self.program, {*self.names.values(), *self.reserved})

    @cached_property
    def taken(self) -> frozenset[str]:
        """The names in use, those of results that are handed over apart among them."""
        own = {*self.names.values(), *self.reserved, *(f"n_{letter}" for letter in self.axes.values())}
        return frozenset(own | set(self.handed.values()))

    @cached_property
    def handed(self) -> Mapping[str, str]:
        """What the arrays for results are called: as the part, but for numbers and where a result is computed with more digits than are handed out."""
        taken = {*self.names.values(), *self.reserved}
        read = {name for part in self.program.parts for name in part.body.tensors}
        found: dict[str, str] = {}
        for name in self.program.results:
            is_apart = not self.program.axes_of(name) or self.is_single and (name in read or isinstance(self.program.part(name).body, Reduce))
            found[name] = unused(f"to_{self.names[name]}", taken) if is_apart else self.names[name]
        return found

    @cached_property
    def local(self) -> Mapping[str, int]:
        """The parts of which only the entries of one sample are held, and which slot is that of samples."""
        letter, kept = self.schedule.letter, self.schedule.kept(self.program)
        within = (part for stage in self.schedule.stages for part in stage.within if part.name not in kept)
        return {part.name: part.letters.index(letter) for part in within if letter is not None}

    def size(self, axis: Axis) -> str:
        """The size of an axis in code."""
        return f"n_{self.axes[axis]}"

    def _entry(self, name: str, positions: Sequence[str | int]) -> Text:
        at = [str(p) for number, p in enumerate(positions) if number != self.local.get(name, -1)]
        code = f"{self.names[name]}[{', '.join(at)}]" if at else self.names[name]
        given = next((i for i in self.program.inputs if i.name == name), None)
        return Text(f"np.float64({code})" if self.is_single and at and given is not None and given.label is None else code)

    @cached_property
    def writer(self) -> ScalarFormulas:
        """The writer of formulas."""
        return ScalarFormulas(NUMBA, self._entry, self.size, used=self.used)

    # ------------------------------------------------------------ parts

    def part(self, part: Definition, outer: Letters) -> Iterator[str]:
        """The statements that compute a part; `outer` are the letters of loops around it."""
        free = [letter for letter in part.letters if letter not in outer]
        letters = self._named(part.letters, outer)
        yield f"# {self._formula(part.name)}"
        if not isinstance(part.body, Reduce):
            yield from self._nest(free, letters, [f"{self._place(part, letters)} = {self._code(part.body, letters)}"])
            return
        letter, (body,) = named(part.body, self.program.model, frozenset(map(str, letters.values())))
        own = {**letters, letter: unused(letter.name, {*self.taken, *map(str, letters.values())})}
        place = self._place(part, letters)
        if part.body.kind == "sum" and free and _runs_along(body, free[-1], letter):
            yield from self._nest(free, letters, [f"{place} = 0.0"])
            yield from self._nest([*free[:-1], letter, free[-1]], own, [f"{place} += {self._code(body, own)}"])
        else:
            yield from self._nest(free, letters, self._total(part.body.kind, place, letter, own, self._code(body, own)))

    def _total(self, kind: str, place: str, letter: Letter, letters: Letters, code: str) -> list[str]:
        """A reduction of one entry, in a variable of its own."""
        loop = f"for {letters[letter]} in range({self.size(letter.axis)}):"
        if kind in ("sum", "prod"):
            return [f"total = {STARTS[kind]}", loop, f"    total {'+' if kind == 'sum' else '*'}= {code}", f"{place} = total"]
        better = f"value {EXTREMES[kind]} found or value != value and found == found"                      # the first nan stays
        if kind == "argmax":
            return ["found, place = -np.inf, 1", loop, f"    value = {code}", f"    if {better}:",
                    f"        found, place = value, {letters[letter]} + 1", f"{place} = place"]
        return [f"found = {STARTS[kind]}", loop, f"    value = {code}", f"    if {better}:", "        found = value", f"{place} = found"]

    def _named(self, own: Iterable[Letter], outer: Letters) -> dict[Letter, str | int]:
        found: dict[Letter, str | int] = dict(outer)
        for letter in own:
            if letter not in found:
                used = frozenset(map(str, found.values()))
                name = letter.name if len(letter.name) == 1 else letter_for(letter.axis, self.program.model, used)
                found[letter] = unused(name, self.taken | used)
        return found

    def _nest(self, free: Sequence[Letter], letters: Letters, body: list[str]) -> Iterator[str]:
        for depth, letter in enumerate(free):
            yield f"{'    '*depth}for {letters[letter]} in range({self.size(letter.axis)}):"
        yield from (f"{'    '*len(free)}{line}" for line in body)

    def _place(self, part: Definition, letters: Letters) -> str:
        at = [str(letters[letter]) for number, letter in enumerate(part.letters) if number != self.local.get(part.name, -1)]
        return f"{self.names[part.name]}[{', '.join(at)}]" if at else self.names[part.name]

    def _code(self, e: Expr, letters: Letters) -> str:
        code = self.writer.at(e, letters).code
        return f"{code}.0" if code.lstrip("-").isdigit() else f"float({code})" if code.startswith("n_") and code.isidentifier() else code

    def _formula(self, name: str) -> str:
        part = self.program.part(name)
        shown = self._named(part.letters, {})
        own: dict[Letter, Any] = {letter: Letter(str(shown[letter]), letter.axis) for letter in part.letters}
        readable = Definition(part.name, tuple(own[letter] for letter in part.letters), renamed(part.body, own))
        return " ".join(write_definition(readable, self.program.model).split())

    # ------------------------------------------------------------ stages

    def stage(self, stage: Stage) -> Iterator[str]:
        """The parts before the loop over samples, then the loop."""
        for part in stage.before:
            yield from self.part(part, {})
        letter = self.schedule.letter
        if letter is None or not (stage.within or stage.folds):
            return
        sample = unused(letter_for(letter.axis, self.program.model, frozenset()), self.taken)
        for fold in stage.folds:
            start = STARTS[fold.kind]
            yield f"{self.names[fold.part.name]}{'[...]' if fold.part.letters else ''} = {start}"
        yield f"for {sample} in range({self.size(letter.axis)}):"
        for part in stage.within:
            yield from (f"    {line}" for line in self.part(part, {letter: sample}))
        for fold in stage.folds:
            yield from (f"    {line}" for line in self._folded(fold, {letter: sample}))

    def _folded(self, fold: Fold, outer: Letters) -> Iterator[str]:
        letters = self._named(fold.part.letters, outer)
        place, code = self._place(fold.part, letters), self._code(fold.body, letters)
        yield f"# {self._formula(fold.part.name)}"
        if fold.kind in ("sum", "prod"):
            line = f"{place} {'+' if fold.kind == 'sum' else '*'}= {code}"
        else:
            line = f"{place} = {self.writer.called({'max': 'larger', 'min': 'smaller'}[fold.kind], place, code).code}"
        yield from self._nest(fold.part.letters, letters, [line])

    # ------------------------------------------------------------ the whole

    def sizes(self, axes: Iterable[Axis]) -> Iterator[str]:
        """The statements that find the sizes."""
        rules = origins(self.program)
        needed = set(axes)
        needed |= {a for axis in needed if rules[axis].whole is not None for a in (rules[axis].whole, *(a for _, a in rules[axis].less)) if a is not None}
        for axis, origin in rules.items():
            if axis not in needed:
                continue
            if origin.fixed is not None:
                yield f"{self.size(axis)} = {origin.fixed}"
            elif origin.whole is None:
                yield f"{self.size(axis)} = {self.names[origin.name]}.shape[{origin.slot}]"
            else:
                less = "".join(f" - {'' if factor == 1 else f'{factor}*'}{self.size(a)}" for factor, a in origin.less)
                yield f"{self.size(axis)} = {self.size(origin.whole)}{less} - {origin.constant}".replace("- -", "+ ")

    def _held(self) -> Iterator[str]:
        """The arrays of what is neither given nor handed out."""
        for part in self.program.parts:
            axes = [letter.axis for number, letter in enumerate(part.letters) if number != self.local.get(part.name, -1)]
            if axes and self.handed.get(part.name) != self.names[part.name]:
                kind = ", dtype=np.int64" if part.name in self.program.labels else ""
                yield f"{self.names[part.name]} = np.empty({self._shape(axes)}{kind})"

    def _shape(self, axes: Sequence[Axis]) -> str:
        return f"({', '.join(map(self.size, axes))}{',' if len(axes) == 1 else ''})"

    def _compute(self) -> Iterator[str]:
        inputs = [self.names[i.name] for i in self.program.inputs]
        yield JIT
        yield f"def compute({', '.join([*inputs, *self.handed.values()])}):"
        yield f'    """Writes {", ".join(self.handed.values())}."""'
        lines = [*self._held(), *(line for stage in self.schedule.stages for line in self.stage(stage))]
        yield from (f"    {line}" for line in self.sizes(axes_of(self.program)))
        yield from (f"    {line}" for line in lines)
        yield from (f"    {own}[...] = {self.names[name]}" for name, own in self.handed.items() if own != self.names[name])

    def _called(self) -> Iterator[str]:
        program, dtype = self.program, "float32" if self.is_single else "float64"
        yield f"def value_and_gradients({', '.join(self.names[i.name] for i in program.inputs)}):"
        for given in program.inputs:
            name = self.names[given.name]
            if given.axes:
                yield f"    {name} = np.ascontiguousarray({name}, dtype=np.{'int64' if given.label is not None else dtype})"
            else:
                yield f"    {name} = {'int' if given.label is not None else 'float'}({name})"
        yield from (f"    {line}" for line in self.sizes(axis for name in program.results for axis in program.axes_of(name)))
        for name, own in self.handed.items():
            yield f"    {own} = np.empty({self._shape(program.axes_of(name)) if program.axes_of(name) else '()'}, dtype=np.{dtype})"
        yield f"    compute({', '.join([*(self.names[i.name] for i in program.inputs), *self.handed.values()])})"
        found = [program.gradients, *([program.second] if program.second else [])]
        shown = ["{" + ", ".join(f"{key!r}: {self._shown(name)}" for key, name in mapping.items()) + "}" for mapping in found]  # type: ignore[attr-defined]
        yield f"    return {', '.join([self._shown(program.value), *shown])}"

    def _shown(self, name: str) -> str:
        return self.handed[name] if self.program.axes_of(name) else f"{self.handed[name]}[()]"

    def text(self) -> str:
        """The module."""
        body = "\n".join([*self._compute(), "", "", *self._called()])
        helpers = "".join(f"{JIT}\n{text}\n\n" for text in texts_of(self.used))
        imported = sorted(name for name in IMPORTED if name in self.used)
        header = ("import math\n" if "math." in helpers else "") + (f"from math import {', '.join(imported)}\n" if imported else "")
        return f'"""{titled(self.program)}"""\n\n{header}{chr(10) if header else ""}import numpy as np\nfrom numba import njit\n\n\n{helpers}{body}\n'


def _runs_along(body: Expr, letter: Letter, summed: Letter) -> bool:
    """Whether the entries of the terms lie one after the other along the letter, and not along the one that is summed over."""
    last = [n.indices[-1] for n in subtrees(body) if isinstance(n, Entry) and n.indices]
    return letter in last and summed not in last


def emit(program: Program, options: Options) -> str:
    """One module with a function `value_and_gradients` of arrays."""
    return Loops(program, options.dtype == "float32").text()


def build(program: Program, options: Options) -> Runner:
    """A function from numpy arrays to numpy arrays; numba compiles it when it is first called."""
    np = optional("numpy", "run")
    optional("numba", "numba")
    compute = module_of(emit(program, options), "numba").compute
    shapes = {name: program.axes_of(name) for name in program.results}

    def run(given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Mapping[str, Any]:
        results = {name: out[name] if name in out else np.empty(tuple(sizes[a] for a in own), options.dtype) for name, own in shapes.items()}
        compute(*(value if value.ndim else value.item() for value in given.values()), *results.values())
        return results

    return run


register(Target("numba", ".py", emit, build))
