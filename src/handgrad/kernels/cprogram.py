"""A program as one C function: stages one after the other, each a loop over samples that threads share in chunks.

    int hg_run(void **data, const int64_t *sizes, int threads);

`data` are the inputs and then the results, in the order of the program; `sizes` those of the axes in the order of `axes_of_program`. It gives 0, and 1
where there is no memory left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from keyword import kwlist
from math import prod

from handgrad.axes import Definition
from handgrad.derivation.network import unused
from handgrad.expr import Axis, Letter, Reduce, Size
from handgrad.kernels.formulas import code
from handgrad.kernels.loops import STARTS, Writer
from handgrad.kernels.naming import identifier
from handgrad.kernels.program import Program
from handgrad.kernels.schedule import Fold, Schedule, Stage, batch_of, scheduled
from handgrad.kernels.storage import Place, Sizes
from handgrad.notation import write
from handgrad.trees import subtrees

SMALL = 32                              # an axis up to this long is fixed in code
MOST_STATEMENTS = 2_000                 # of code in straight lines
MOST_FIXED = 4_096                      # entries of an array that lies on the stack
FEW_SUMS = 64
CHUNK = 8_192                           # entries that a thread takes at a time
RESERVED = frozenset(kwlist) | frozenset("""
auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short signed sizeof static
struct switch typedef union unsigned void volatile while s n lo hi sums data sizes threads main l b v q chunk part width per total log exp sin cos tan pow sqrt
y0 y1 yn j0 j1 jn gamma signgam NAN INFINITY
""".split())

OWN = re.compile(r"(?:k|size_)\d+|[af]_.*|hg_.*|v_.*|.*_")       # loops, sizes, totals, the runtime, names put aside and pointers
ENTRY = re.compile(r"(\w+?)(?:_\d+)+")                            # an entry in a variable


def axes_of_program(program: Program) -> tuple[Axis, ...]:
    """All axes, in the order in which sizes are handed over."""
    found: dict[Axis, None] = {}
    for given in program.inputs:
        found |= dict.fromkeys(given.axes)
        if given.label is not None:
            found[given.label] = None
    for part in program.parts:
        found |= dict.fromkeys(letter.axis for letter in part.letters)
        found |= dict.fromkeys(n.axis for n in subtrees(part.body) if isinstance(n, (Reduce, Size, Letter)))
    return tuple(found)


def statements(program: Program, sizes: Mapping[Axis, int], batch: Axis | None) -> int:
    """How many values code in straight lines computes."""
    def count(part: Definition) -> int:
        axes = [letter.axis for letter in part.letters] + ([part.body.axis] if isinstance(part.body, Reduce) else [])
        return prod(sizes[a] for a in axes if a is not batch)
    return sum(map(count, program.parts))


def looped(part: Definition, batch: Axis | None) -> bool:
    """Whether a part runs along the axis of samples beside the loop over them: with two letters, or to find a position."""
    if batch is None:
        return False
    along = [letter.axis for letter in part.letters].count(batch) + (isinstance(part.body, Reduce) and part.body.axis is batch)
    return along > 1 or isinstance(part.body, Reduce) and part.body.kind == "argmax" and part.body.axis is batch


@dataclass(frozen=True)
class Layout:
    """How a program is laid out for sizes of which some are known: which axis is the batch, and whether code is in straight lines."""

    program: Program
    known: Mapping[Axis, int]
    stored: str = "double"

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The axes of the program."""
        return axes_of_program(self.program)

    @cached_property
    def batch(self) -> Axis | None:
        """The axis of samples; none where everything is small and known."""
        everything = all(axis in self.known for axis in self.axes)
        if everything and (not self.axes or statements(self.program, self.known, None) <= MOST_STATEMENTS // 4):
            return None
        return batch_of(self.program)

    @cached_property
    def unrolled(self) -> bool:
        """Whether code is in straight lines."""
        others = [a for a in self.axes if a is not self.batch]
        if any(a not in self.known for a in others) or any(looped(part, self.batch) for part in self.program.parts):
            return False
        return statements(self.program, self.known, self.batch) <= MOST_STATEMENTS

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes in code."""
        fixed = {a: size for a, size in self.known.items() if a is not self.batch}
        return Sizes(fixed, {a: f"size_{number}" for number, a in enumerate(self.axes) if a not in fixed})

    @cached_property
    def schedule(self) -> Schedule:
        """The stages."""
        return scheduled(self.program, self.batch)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What inputs and parts are called in code: as in the model, but for names that the code has for itself."""
        titles = [*(i.name for i in self.program.inputs), *(p.name for p in self.program.parts)]
        names: dict[str, str] = {}
        for title in titles:
            name = identifier(title)
            entry = ENTRY.fullmatch(name)
            if name in RESERVED or OWN.fullmatch(name) or entry and entry[1] in titles:
                name = f"v_{name.strip('_')}"
            names[title] = unused(name, names.values())
        return names

    @cached_property
    def homes(self) -> Mapping[str, Place]:
        """Where names live between stages: in arrays handed in and out and in the state."""
        homes = {i.name: Place("label" if i.label is not None else "input", f"s->{self.names[i.name]}", i.axes) for i in self.program.inputs}
        kept = self.schedule.kept(self.program)
        for stage in self.schedule.stages:
            for part in (*stage.before, *(f.part for f in stage.folds), *(p for p in stage.within if p.name in kept)):
                home = "result" if part.name in self.program.results else "state"
                homes[part.name] = Place(home, f"s->{self.names[part.name]}", tuple(i.axis for i in part.letters))  # type: ignore[arg-type]
        return homes

    def is_fixed(self, place: Place) -> bool:
        """Whether an array of the state is so small that it lies in the state itself."""
        size = self.sizes.product(place.axes)
        return place.home == "state" and size.isdigit() and int(size) <= MOST_FIXED


def c_source(layout: Layout) -> str:
    """The C of the program, behind the headers."""
    return "\n".join([*_state(layout), "", *(line for n, stage in enumerate(layout.schedule.stages) for line in _loop(layout, n, stage)), *_run(layout)]) + "\n"


# ---------------------------------------------------------------- the state


def _state(layout: Layout) -> Iterator[str]:
    yield "typedef struct {"
    for title, place in layout.homes.items():
        name = layout.names[title]
        if layout.is_fixed(place):
            yield f"  {_kind(layout, title)} {name}[{layout.sizes.product(place.axes)}];"
        else:
            types = {"input": f"const {layout.stored}", "label": "const int64_t", "result": layout.stored, "state": _kind(layout, title)}
            yield f"  {types[place.home]} *{name};"
    yield from (f"  int64_t {name};" for name in layout.sizes.names.values())
    yield "  double *sums; int64_t samples, chunk; int failed;"
    yield "} hg_state;"


def _kind(layout: Layout, title: str) -> str:
    return "int64_t" if title in layout.program.labels else "double"


# ---------------------------------------------------------------- a stage


def _local(layout: Layout, stage: Stage) -> dict[str, Place]:
    """Where the parts of one sample live within the loop."""
    letter = layout.schedule.letter
    places: dict[str, Place] = {}
    for part in stage.within:
        slot = part.letters.index(letter) if letter in part.letters else -1
        axes = tuple(i.axis for i in part.letters if i is not letter)
        is_variable = layout.unrolled or not axes
        if is_variable or part.name not in layout.homes:
            places[part.name] = Place("variable" if is_variable else "scratch", layout.names[part.name], axes, slot)
    return places


def _loop(layout: Layout, number: int, stage: Stage) -> Iterator[str]:
    """The function that runs through the samples of one chunk."""
    letter = layout.schedule.letter
    if letter is None or not (stage.within or stage.folds):
        return
    local = _local(layout, stage)
    bodies = [*(p.body for p in stage.within), *(f.body for f in stage.folds)]
    used = {name for body in bodies for name in body.tensors} | {p.name for p in stage.within}
    aliases, places = _aliases(layout, layout.homes, used)
    writer = Writer({**places, **local}, layout.names, layout.sizes, layout.unrolled, layout.stored)
    width = sum_width(layout, stage)
    yield f"/* stage {number + 1}: " + _told(layout, [*stage.within, *(f.part for f in stage.folds)]) + " */"
    yield f"static void hg_stage_{number}(void *state, int64_t part) {{"
    yield "  hg_state *const s = state;"
    yield from (f"  const int64_t {name} = s->{name};" for name in layout.sizes.names.values())
    yield "  const int64_t lo = part*s->chunk, hi = lo + s->chunk < s->samples ? lo + s->chunk : s->samples;"
    if stage.folds:
        yield f"  double *restrict sums = s->sums + part*({width});"
    yield from (f"  {line}" for line in aliases)
    yield from (f"  {line}" for line in _scratch(layout, local))
    body = [line for part in stage.within for line in _computed(layout, writer, part, places, letter)]
    starts, added, ends, simple = _folds(layout, writer, stage, letter)
    yield from (f"  {line}" for line in starts)
    flat = all(set(part.letters) <= {letter} and not isinstance(part.body, Reduce) for part in (*stage.within, *(f.part for f in stage.folds)))
    if (layout.unrolled or flat) and simple:
        yield f"  #pragma omp simd{simple if simple != 'simd' else ''}"
    yield "  for (int64_t n = lo; n < hi; n++) {"
    yield from (f"    {line}" for line in (*body, *added))
    yield "  }"
    yield from (f"  {line}" for line in (*ends, *_freed(layout, local)))
    yield "}"
    yield ""


def _told(layout: Layout, parts: Sequence[Definition]) -> str:
    return ", ".join(dict.fromkeys(p.name for p in parts))


def _aliases(layout: Layout, homes: Mapping[str, Place], used: set[str]) -> tuple[list[str], dict[str, Place]]:
    """Pointers to what a stage uses, known not to overlap, and the places by these names."""
    lines, places = [], dict(homes)
    for title, place in homes.items():
        if title in used and not layout.is_fixed(place):
            kind = {"input": f"const {layout.stored}", "label": "const int64_t", "result": layout.stored}.get(place.home, _kind(layout, title))
            name = f"{layout.names[title]}_"
            lines.append(f"{kind} *restrict const {name} = {place.name};")
            places[title] = Place(place.home, name, place.axes)
    return lines, places


def _computed(layout: Layout, writer: Writer, part: Definition, homes: Mapping[str, Place], letter: Letter) -> Iterator[str]:
    """The statements of a part, and the store of its value where it is kept and was computed in a variable."""
    yield from writer.part(part, {letter: "n"})
    if part.name in homes and writer.places[part.name].home == "variable":
        place, own = homes[part.name], writer.places[part.name]
        for at in _entries(layout, [i for i in part.letters if i is not letter]):
            positions = ["n" if i is letter else at[i] for i in part.letters]
            cast = f"({layout.stored})" if place.home == "result" and layout.stored != "double" else ""
            yield f"{place.entry(positions, layout.sizes)} = {cast}{own.entry(positions, layout.sizes)};"


def _entries(layout: Layout, letters: Sequence[Letter]) -> list[dict[Letter, int]]:
    found: list[dict[Letter, int]] = [{}]
    for letter in letters:
        found = [{**at, letter: k} for at in found for k in range(layout.sizes.fixed[letter.axis])]
    return found


def _scratch(layout: Layout, local: Mapping[str, Place]) -> Iterator[str]:
    for title, place in local.items():
        if place.home == "scratch":
            size, kind = layout.sizes.product(place.axes), _kind(layout, title)
            is_fixed = size.isdigit() and int(size) <= MOST_FIXED
            yield f"{kind} {place.name}[{size}];" if is_fixed else f"{kind} *restrict const {place.name} = {_room(kind, size)};"
    names = _allocated(layout, local)
    if names:
        yield f"if (!({' && '.join(names)})) {{ s->failed = 1; {' '.join(_freed(layout, local))} return; }}"


def _room(kind: str, size: str) -> str:
    """Memory for entries, whose count is a double: however many, it does not overflow."""
    return f"hg_room({' + '.join(f'1.0*{term}' for term in size.split(' + '))}, sizeof({kind}))"


def _allocated(layout: Layout, local: Mapping[str, Place]) -> list[str]:
    sizes = ((place.name, layout.sizes.product(place.axes)) for place in local.values() if place.home == "scratch")
    return [name for name, size in sizes if not (size.isdigit() and int(size) <= MOST_FIXED)]


def _freed(layout: Layout, local: Mapping[str, Place]) -> Iterator[str]:
    return (f"free({name});" for name in _allocated(layout, local))


# ---------------------------------------------------------------- sums over the samples


def sum_width(layout: Layout, stage: Stage) -> str:
    """How many sums a chunk keeps."""
    return " + ".join(layout.sizes.product([i.axis for i in f.part.letters]) for f in stage.folds) or "0"


def _folds(layout: Layout, writer: Writer, stage: Stage, letter: Letter) -> tuple[list[str], list[str], list[str], str]:
    """Before the loop, in it and after it, and the clause under which it may be vectorised (empty where it may not)."""
    starts: list[str] = []
    added: list[str] = []
    ends: list[str] = []
    clauses: list[str] = []
    offset = ""
    for fold in stage.folds:
        name = layout.names[fold.part.name]
        size = layout.sizes.product([i.axis for i in fold.part.letters])
        if layout.unrolled or not fold.part.letters:
            for number, at in enumerate(_entries(layout, fold.part.letters)):
                own = f"f_{name}_{number}"
                starts.append(f"double {own} = {STARTS[fold.kind]};")
                added.append(_added(own, fold, code(fold.body, writer.scope({letter: "n", **at}))))
                ends.append(f"sums[{offset}{number}] = {own};")
                clauses.append(own if fold.kind == "sum" else "")
        else:
            array = Place("scratch", f"f_{name}", tuple(i.axis for i in fold.part.letters))
            starts.append(f"double *restrict const f_{name} = sums + {offset}0; for (int64_t q = 0; q < {size}; q++) f_{name}[q] = {STARTS[fold.kind]};")
            added += writer.folding(fold.part, fold.kind, fold.body, array, {letter: "n"})
        offset += f"{size} + "
    simple = "" if not all(clauses) else "simd" if not clauses else f" reduction(+:{', '.join(clauses)})"
    return starts, added, ends, simple


def _added(own: str, fold: Fold, value: str) -> str:
    if fold.kind in ("sum", "prod"):
        return f"{own} {'+' if fold.kind == 'sum' else '*'}= {value};"
    return f"{own} = hg_{fold.kind}_d({own}, {value});"


# ---------------------------------------------------------------- the whole


def _run(layout: Layout) -> Iterator[str]:
    program, letter = layout.program, layout.schedule.letter
    yield "HG_EXPORT int hg_run(void **data, const int64_t *sizes, int threads) {"
    yield "  hg_state state = {0}, *const s = &state;"
    for number, title in enumerate((*(i.name for i in program.inputs), *program.results)):
        yield f"  s->{layout.names[title]} = data[{number}];"
    for number, axis in enumerate(layout.axes):
        if axis in layout.sizes.names:
            yield f"  const int64_t {layout.sizes.names[axis]} = s->{layout.sizes.names[axis]} = sizes[{number}];"
    if letter is not None:
        yield f"  s->samples = {layout.sizes(letter.axis)};"
    held = [(title, place) for title, place in layout.homes.items() if place.home == "state" and not layout.is_fixed(place)]
    for title, place in held:
        yield f"  {place.name} = {_room(_kind(layout, title), layout.sizes.product(place.axes))};"
    if held:
        yield f"  if (!({' && '.join(place.name for _, place in held)})) {{ s->failed = 1; goto hg_end; }}"
    stages = [line for number, stage in enumerate(layout.schedule.stages) for line in _stage(layout, number, stage)]
    yield from (f"  {line}" for line in stages)
    if held or any("goto hg_end" in line for line in stages):
        yield "  hg_end:"
    yield from (f"  free({place.name});" for _, place in held)
    yield "  (void)threads; (void)sizes;"
    yield "  return s->failed;"
    yield "}"


def _stage(layout: Layout, number: int, stage: Stage) -> Iterator[str]:
    straight = layout.unrolled and layout.batch is None
    places = dict(layout.homes)
    if straight:
        places |= {p.name: Place("variable", layout.names[p.name], tuple(i.axis for i in p.letters)) for p in stage.before}
    writer = Writer(places, layout.names, layout.sizes, layout.unrolled, layout.stored)
    for part in stage.before:
        yield f"/* {part.name} = {_formula(layout, part)} */"
        if straight:
            yield from writer.part(part, {})
            yield from _stored(layout, part, places)
        else:
            yield from ("{", *(f"  {line}" for line in writer.part(part, {})), "}")
    if stage.within or stage.folds:
        yield from _shared(layout, number, stage)


def _stored(layout: Layout, part: Definition, places: Mapping[str, Place]) -> Iterator[str]:
    place = layout.homes[part.name]
    if place.home == "result":
        for at in _entries(layout, part.letters):
            positions = [at[i] for i in part.letters]
            cast = f"({layout.stored})" if layout.stored != "double" else ""
            yield f"{place.entry(positions, layout.sizes)} = {cast}{places[part.name].entry(positions, layout.sizes)};"


def _formula(layout: Layout, part: Definition) -> str:
    return write(part.body, layout.program.model).replace("*/", "* /")


def _shared(layout: Layout, number: int, stage: Stage) -> Iterator[str]:
    """The loop over samples, shared by the threads, and its sums put together in the order of the chunks."""
    width, letter = sum_width(layout, stage), layout.schedule.letter
    others = [layout.sizes.product([i.axis for i in p.letters if i is not letter]) for p in (*stage.within, *(f.part for f in stage.folds))]
    per = " + ".join(dict.fromkeys(others)) or "1"
    yield "{"
    yield f"  const int64_t width = {width}, per = {per};"
    yield f"  s->chunk = width > {FEW_SUMS} ? (s->samples + 7)/8 : {CHUNK}/(per > 0 ? per : 1);"
    yield "  if (s->chunk < 1) s->chunk = 1;"
    yield "  const int64_t chunks = (s->samples + s->chunk - 1)/s->chunk;"
    yield "  s->sums = hg_room(1.0*chunks*width, sizeof(double));"
    yield "  if (!s->sums) { s->failed = 1; goto hg_end; }"
    yield f"  hg_parallel(hg_stage_{number}, s, chunks, s->samples*per < 32768 ? 1 : threads);"
    offset = ""
    for fold in stage.folds:
        place = layout.homes[fold.part.name]
        size = layout.sizes.product([i.axis for i in fold.part.letters])
        cast = f"({layout.stored})" if place.home == "result" and layout.stored != "double" else ""
        yield f"  for (int64_t q = 0; q < {size}; q++) {{"
        yield f"    double total = {STARTS[fold.kind]};"
        yield f"    for (int64_t c = 0; c < chunks; c++) {_added('total', fold, f's->sums[c*width + {offset}q]')}"
        yield f"    {place.name}[q] = {cast}total;"
        yield "  }"
        offset += f"{size} + "
    yield "  free(s->sums);"
    yield "  if (s->failed) goto hg_end;"
    yield "}"

