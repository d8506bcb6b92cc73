"""The target `python`: numbers, and lists in lists of them, with nothing but `math`. The same on every machine that has Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from handgrad.expr import Axis
from handgrad.kernels import lists as _lists  # noqa: F401  (its arguments become known)
from handgrad.kernels.lists import Rows
from handgrad.kernels.loading import module_of
from handgrad.kernels.program import Program
from handgrad.kernels.pythonprogram import Listing
from handgrad.kernels.results import by_part, titled
from handgrad.kernels.target import Options, Runner, Target, register
from handgrad.records import dataclass

MOST_SHAPES = 32                        # for which straight lines are written; further ones run in loops


def emit(program: Program, options: Options) -> str:
    """One module with a function `value_and_gradients` of the inputs."""
    is_single = options.dtype == "float32"
    listing = Listing(program, program.sizes, is_single)
    return (listing if listing.is_straight else Listing(program, is_single=is_single)).text()


@dataclass
class Running:
    """Runs a program: in straight lines where the sizes are small, which are written once for each set of them."""

    program: Program
    is_single: bool
    made: dict[tuple[int, ...], tuple[Listing, Callable[..., Any]]] = field(default_factory=dict)

    def __call__(self, given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Mapping[str, Any]:
        """The results, written to buffers where there are such."""
        listing, function = self._function(sizes)
        entries = (x.entries if type(x) is Rows else x for x in given.values())
        found = by_part(self.program, function(*entries, *(sizes[axis] for axis in listing.further())))
        for part, buffer in out.items():
            _copied(found[part], buffer)
        return {**found, **out}

    def bound(self, given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Callable[[], Any]:
        """A function without arguments that writes the results that have buffers, and gives the value."""
        listing = self._listing(sizes)
        wanted = frozenset({self.program.value, *out})
        if not listing.is_straight:
            return lambda: self(given, sizes, out)[self.program.value]
        listing = Listing(self.program, listing.known, self.is_single, wanted)
        module = module_of(_bound(listing, out), "python")
        entries = [given[name].entries if type(given[name]) is Rows else given[name] for name in listing.inputs]
        step: Callable[[], Any] = module.bound(*entries, *out.values())
        return step

    def _listing(self, sizes: Mapping[Axis, int]) -> Listing:
        listing = Listing(self.program, sizes, self.is_single)
        return listing if listing.is_straight else Listing(self.program, {}, self.is_single)

    def _function(self, sizes: Mapping[Axis, int]) -> tuple[Listing, Callable[..., Any]]:
        key = tuple(sizes.values())
        if key not in self.made and len(self.made) > MOST_SHAPES:
            key = ()
        if key not in self.made:
            listing = self._listing(sizes) if key or not sizes else Listing(self.program, {}, self.is_single)
            same = next((made for made in self.made.values() if not made[0].is_straight), None) if not listing.is_straight else None
            self.made[key] = same or (listing, module_of(listing.text(), "python").value_and_gradients)
        return self.made[key]


def _copied(found: Any, buffer: list[Any]) -> None:
    if not isinstance(found, list):
        buffer[0] = found
    elif found and isinstance(found[0], list):
        for row, own in zip(found, buffer, strict=True):
            _copied(row, own)
    else:
        buffer[:] = found


def build(program: Program, options: Options) -> Runner:
    """A function from numbers and lists to numbers and lists."""
    return Running(program, options.dtype == "float32")


# ---------------------------------------------------------------- bound to lists


def _bound(listing: Listing, out: Mapping[str, Any]) -> str:
    """A module with a function that is given inputs and buffers and gives a function without arguments."""
    program, known = listing.program, listing.known
    taken = {*listing.entries.values(), *listing.names.values(), *listing.reserved}
    prefix = "to_"
    while any(name.startswith(prefix) for name in taken):
        prefix += "_"
    buffers = {part: f"{prefix}{listing.names[part]}" for part in out}
    before: list[str] = []
    after: list[str] = []
    for part, buffer in buffers.items():
        axes = program.axes_of(part)
        before += _rows(buffer, [known[axis] for axis in axes])
        for at in listing.positions(axes):
            row = "_".join([buffer, *(str(n + 1) for n in at[:-1])]) if len(at) > 1 else buffer
            value = listing.entries[part, at]
            after.append(f"{row}[{at[-1] if at else 0}] = {f'single({value})' if listing.is_single else value}")
    returned = buffers[program.value] if program.value in buffers and program.axes_of(program.value) else listing.handed(program.value)
    step = [*listing.unpacked(), *listing.lines(), *after, f"return {returned}"]
    if listing.is_single:
        listing.used.setdefault("single")
    arguments = ", ".join([*(listing.names[name] for name in listing.inputs), *buffers.values()])
    lines = [f"def bound({arguments}):", *(f"    {line}" for line in before), "    def step():", *(f"        {line}" for line in step), "    return step"]
    return listing.module(titled(program), lines)


def _rows(buffer: str, shape: Sequence[int]) -> Iterator[str]:
    """The statements that give the rows of a buffer names."""
    if len(shape) > 1:
        rows = [f"{buffer}_{n + 1}" for n in range(shape[0])]
        yield f"{', '.join(rows)}, = {buffer}"
        for row in rows:
            yield from _rows(row, shape[1:])


register(Target("python", ".py", emit, build, "lists"))
