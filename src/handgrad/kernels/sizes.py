"""The sizes of the axes from the shapes of the arguments; what does not fit is refused by the name of the argument.

    sizes_of(program, {"W": (3, 2), "x": (3,)})     # {axis of i: 3, axis of j: 2}

An axis on which no argument lies has the length that shifted indices leave it: with `x[t+k-1]` over 4 entries and k over 2, t runs to 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from handgrad.errors import HandgradError
from handgrad.expr import Axis, Bound, Cases, Delta, Entry, Letter, Literal, Reduce, Shift, Size, parts
from handgrad.kernels.program import Input, Program
from handgrad.records import dataclass
from handgrad.verification.sizes import Sizes


@dataclass(eq=False)
class ArgumentError(HandgradError):
    """An argument that a compiled model cannot take; `argument` is its name."""

    argument: str = ""

    code = "argument"


def refused(argument: str, what: str, remedy: str = "") -> ArgumentError:
    """The error that an argument cannot be taken."""
    return ArgumentError(f"`{argument}` {what}", remedy=remedy, argument=argument)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the size of an axis is found: at a slot of an input, or as what a shifted index leaves of another axis."""

    name: str = ""
    slot: int = 0
    whole: Axis | None = None                           # the axis that the shifted index runs along
    less: tuple[tuple[int, Axis], ...] = ()             # what is taken off: multiples of sizes, and a constant
    constant: int = 0
    fixed: int | None = None                            # the size itself, where it is given


def origins(program: Program) -> Mapping[Axis, Origin]:
    """Of every axis of the program where its size is found, in an order in which each can be."""
    found: dict[Axis, Origin] = {}
    for given in program.inputs:
        for slot, axis in enumerate(given.axes):
            found.setdefault(axis, Origin(given.name, slot))
    for axis, size in program.sizes.items():
        found.setdefault(axis, Origin(fixed=size))
    shifts = Sizes(program.model).shifts
    for _ in shifts:
        for whole, index, binders in shifts:
            _left_over(found, whole, index, binders)
    for axis in axes_of(program):
        if axis not in found:
            letter = next(iter(program.model.letters.get(axis, ())), "")
            raise ArgumentError(f"how long the axis of `{axis.tensor}` (slot {axis.slot}) is follows from no argument",
                                remedy=f"say it: sizes={{{letter!r}: 3}}, or --sizes {letter}=3" if letter else
                                f"let an input run along it: write one more factor with an index of `{axis.tensor}`", argument=axis.tensor)
    return found


def lengths(program: Program, sizes: Mapping[str, int]) -> Mapping[Axis, int]:
    """The sizes of axes by the letters that stand for them; what is no letter of the program, or no length, is refused."""
    along: dict[str, list[Axis]] = {}
    for axis in dict.fromkeys(axes_of(program)):
        for letter in program.model.letters.get(axis, ()):
            along.setdefault(letter, []).append(axis)
    found: dict[Axis, int] = {}
    for letter, size in sizes.items():
        title = f"sizes[{letter!r}]"
        if letter not in along:
            raise refused(title, "is no index of the model", f"its indices are {', '.join(sorted(along))}" if along else "it has none")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise refused(title, f"is {str(size)[:40]}, and no length", "give an integer, 0 or more")
        for axis in along[letter]:
            if found.setdefault(axis, size) != size:
                raise refused(title, f"is {size}, and another letter of the same axis has {found[axis]}")
    return found


def _left_over(found: dict[Axis, Origin], whole: Axis, index: Shift, binders: tuple[Axis, ...]) -> None:
    over = [(factor, atom.axis if not isinstance(atom, Bound) else binders[-1 - atom.depth]) for factor, atom in index.terms]
    unknown = [axis for _, axis in over if axis not in found]
    if whole in found and len(unknown) == 1 and (1, unknown[0]) in over:
        less = tuple((factor, axis) for factor, axis in over if axis is not unknown[0])
        found[unknown[0]] = Origin(whole=whole, less=less, constant=index.constant)


def axes_of(program: Program) -> Iterator[Axis]:
    """The axes along which anything runs."""
    for name in (*(i.name for i in program.inputs), *(p.name for p in program.parts)):
        yield from program.axes_of(name)
    for part in program.parts:
        yield from (node.axis for node, _ in _met(part.body) if isinstance(node, (Reduce, Size)))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a program asks of the sizes of its axes, found once: where they come from, and which parts can run past an end."""

    program: Program
    left: Mapping[Axis, Origin]                             # the axes that have what is left of another
    reductions: tuple[Axis, ...]                            # of which a largest or a smallest is sought
    entries: tuple[tuple[Axis, Any, Any], ...]              # axis, index and the body of the part

    @classmethod
    def of(cls, program: Program) -> Rules:
        """The rules of a program."""
        met = [(node, inside, part.body) for part in program.parts for node, inside in _met(part.body)]
        sought = dict.fromkeys(n.axis for n, _, _ in met if isinstance(n, Reduce) and n.kind in ("max", "min", "argmax"))
        asked = dict.fromkeys(
            (axis, index, body) for n, inside, body in met if isinstance(n, Entry) and not inside
            for axis, index in zip(program.axes_of(n.name), n.indices, strict=True) if isinstance(index, (Literal, Shift)))
        return cls(program, {axis: o for axis, o in origins(program).items() if o.whole is not None}, tuple(sought), tuple(asked))


def sizes_of(program: Program, shapes: Mapping[str, tuple[int, ...]]) -> Mapping[Axis, int]:
    """The size of every axis; of arguments that disagree, both are named."""
    return sizes_by(Rules.of(program), shapes)


def sizes_by(rules: Rules, shapes: Mapping[str, tuple[int, ...]]) -> Mapping[Axis, int]:
    """The same by rules found before."""
    program = rules.program
    sizes: dict[Axis, int] = {}
    owner: dict[Axis, str] = {}
    for given in program.inputs:
        _ranked(program, given, shapes[given.name])
        for slot, axis in enumerate(given.axes):
            size = shapes[given.name][slot]
            if sizes.setdefault(axis, size) != size:
                raise refused(given.name, f"has {size} {_along(program, given, slot)}, where `{owner[axis]}` has {sizes[axis]}", _shapes(program, shapes))
            owner.setdefault(axis, given.name)
    for axis, size in program.sizes.items():
        if sizes.setdefault(axis, size) != size:
            letter = program.model.letters[axis][0]
            raise refused(owner[axis], f"has {sizes[axis]} entries along {letter}, where `sizes` says {size}", _shapes(program, shapes))
    for axis, origin in rules.left.items():
        assert origin.whole is not None
        rest = sizes[origin.whole] - origin.constant - sum(factor * sizes[other] for factor, other in origin.less)
        if rest < 0:
            raise refused(owner.get(origin.whole, origin.whole.tensor), f"has {sizes[origin.whole]} entries, too few for the indices of the model")
        sizes[axis] = rest
    _long_enough(rules, sizes, owner)
    return sizes


def _ranked(program: Program, given: Input, shape: tuple[int, ...]) -> None:
    if len(shape) != len(given.axes):
        letters = ",".join((program.model.letters.get(axis) or ("·",))[0] for axis in given.axes)
        wanted = f"{given.name}[{letters}]" if letters else "a single number"
        raise refused(given.name, f"has {_counted(len(shape))}, shape {shape}, and {_counted(len(given.axes))} in the model", f"the model has {wanted}")


def _counted(axes: int) -> str:
    return "1 axis" if axes == 1 else f"{axes} axes"


def _along(program: Program, given: Input, slot: int) -> str:
    letters = program.model.letters.get(given.axes[slot])
    return f"entries along {letters[0]}" if letters else f"entries in slot {slot + 1}"


def _shapes(program: Program, shapes: Mapping[str, tuple[int, ...]]) -> str:
    return "the shapes are " + ", ".join(f"{i.name} {shapes[i.name]}" for i in program.inputs if i.axes)


# ---------------------------------------------------------------- long enough


def _long_enough(rules: Rules, sizes: Mapping[Axis, int], owner: Mapping[Axis, str]) -> None:
    """Refuses axes that an index outside of cases runs past, and axes without an entry of which a largest is asked."""
    for axis in rules.reductions:
        if sizes[axis] == 0:
            raise refused(owner.get(axis, axis.tensor), "has no entry on the axis along which the largest is sought: there are no classes")
    for axis, index, body in rules.entries:
        _within(axis, index, body, sizes, owner)


def _within(axis: Axis, index: Any, body: Any, sizes: Mapping[Axis, int], owner: Mapping[Axis, str]) -> None:
    if isinstance(index, Literal):
        least = largest = index.value
    elif isinstance(index, Shift):
        runs = [(factor, 1, _size(atom, body, sizes)) if not isinstance(atom, Size) else (factor, sizes[atom.axis], sizes[atom.axis])
                for factor, atom in index.terms]
        if any(high < low for _, low, high in runs):
            return                                                  # over nothing, no index is out of range
        least = index.constant + sum(factor * (low if factor > 0 else high) for factor, low, high in runs)
        largest = index.constant + sum(factor * (high if factor > 0 else low) for factor, low, high in runs)
    else:
        return
    if least < 1 or largest > sizes[axis]:
        raise refused(owner.get(axis, axis.tensor), f"has {sizes[axis]} entries, and the model asks for entry {largest if least >= 1 else least}")


def _size(atom: Letter | Bound, body: Any, sizes: Mapping[Axis, int]) -> int:
    if isinstance(atom, Letter):
        return sizes[atom.axis]
    assert isinstance(body, Reduce), "only the reduction that a part is binds an index"
    return sizes[body.axis]


def _met(node: Any, inside: bool = False) -> Iterator[tuple[Any, bool]]:
    """Every node, with whether it stands in cases, or beside a Kronecker delta, where an index may run past the end."""
    yield node, inside
    beside = inside or isinstance(node, Cases) or any(isinstance(child, Delta) for child, _ in parts(node))
    for child, _ in parts(node):
        yield from _met(child, beside)
