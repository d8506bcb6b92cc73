"""A program as one C function: stages one after the other, each a loop over samples that threads share in chunks.

    int hg_run(void **data, const int64_t *sizes, int threads);

`data` are the inputs and then the results, in the order of the program; `sizes` those of the axes in the order of `axes_of_program`. It gives 0, and 1
where there is no memory left.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from handgrad.axes import Definition
from handgrad.expr import Entry, Letter
from handgrad.kernels.layout import Layout
from handgrad.kernels.loops import STARTS, Writer
from handgrad.kernels.products import Product
from handgrad.kernels.schedule import Stage
from handgrad.kernels.stages import StageLoop, joined_to, room_size, stage_function, sum_width
from handgrad.kernels.storage import Place
from handgrad.notation import write

FEW_SUMS = 64
CHUNK = 8_192                           # entries that a thread takes at a time
FEW = 32_768                            # entries that are not worth a second thread


def c_source(layout: Layout) -> str:
    """The C of the program, behind the headers."""
    matrices = [f"#define HG_REAL {layout.stored}", _header("products.h")] if layout.products else []
    functions = [line for loop in _loops(layout).values() for line in stage_function(loop)]
    return "\n".join([*matrices, *_state(layout), "", *functions, *_run(layout)]) + "\n"


@cache
def _header(name: str) -> str:
    return (files("handgrad.kernels") / name).read_text()


def _loops(layout: Layout) -> dict[int, StageLoop]:
    """The stages that run through samples, by their numbers."""
    letter = layout.schedule.letter
    if letter is None:
        return {}
    return {n: StageLoop(layout, n, stage, letter) for n, stage in enumerate(layout.schedule.stages) if stage.within or stage.folds}


def _state(layout: Layout) -> Iterator[str]:
    yield "typedef struct {"
    for title, place in layout.homes.items():
        name = layout.names[title]
        if layout.is_fixed(place):
            yield f"  {place.kind} {name}[{layout.sizes.product(place.axes)}];"
        else:
            yield f"  {'const ' if place.home in ('input', 'label') else ''}{place.kind} *{name};"
    yield from (f"  int64_t {name};" for name in layout.sizes.names.values())
    yield "  double *sums; char *room; int64_t samples, chunk, room_size; int past, failed;"
    yield "} hg_state;"


def _room(kind: str, size: str) -> str:
    """Memory for entries, whose count is a double: however many, it does not overflow."""
    return f"hg_room({' + '.join(f'1.0*{term}' for term in size.split(' + '))}, sizeof({kind}))"


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
        yield f"  s->past = {_moved(layout)} > hg_cache();"
    held = [place for place in layout.homes.values() if place.home == "state" and not layout.is_fixed(place)]
    for place in held:
        yield f"  {place.name} = {_room(place.kind, layout.sizes.product(place.axes))};"
    if held:
        yield f"  if (!({' && '.join(place.name for place in held)})) {{ s->failed = 1; goto hg_end; }}"
    stages = [line for number, stage in enumerate(layout.schedule.stages) for line in _stage(layout, number, stage)]
    yield from (f"  {line}" for line in stages)
    if _is_straight(layout):            # at the end: what is written may lie, for all that the compiler knows, where something is read
        yield from (f"  {line}" for stage in layout.schedule.stages for part in stage.before for line in _stored(layout, part))
    if held or any("goto hg_end" in line for line in stages):
        yield "  hg_end:"
    yield from (f"  free({place.name});" for place in held)
    yield "  (void)threads; (void)sizes;"
    yield "  return s->failed;"
    yield "}"


def _moved(layout: Layout) -> str:
    """How many bytes are read and written, as a double."""
    places = [place for place in layout.homes.values() if place.home != "state" and place.axes]
    return " + ".join(f"1.0*sizeof({place.kind})*{layout.sizes.product(place.axes)}" for place in places) or "0"


def _stage(layout: Layout, number: int, stage: Stage) -> Iterator[str]:
    straight = _is_straight(layout)
    places: dict[str, Place] = dict(layout.homes)
    if straight:
        places |= {p.name: _variable(layout, p) for p in stage.before}
    writer = Writer(places, layout.names, layout.sizes, layout.unrolled)
    for part in stage.before:
        yield f"/* {part.name} = {_formula(layout, part)} */"
        if part.name in layout.products:
            yield from _multiplied(layout, layout.products[part.name])
        elif straight:
            yield from writer.part(part, {})
        else:
            yield from ("{", *(f"  {line}" for line in writer.part(part, {})), "}")
    if number in (loops := _loops(layout)):
        yield from _shared(loops[number])


def _multiplied(layout: Layout, product: Product) -> Iterator[str]:
    """The call that computes a matrix product."""
    out = layout.homes[product.name]
    sizes = [layout.sizes(letter.axis) for letter in (product.row, product.column, product.term)]
    left, right = _factor(layout, product.left, product.row, product.term), _factor(layout, product.right, product.term, product.column)
    yield f"if (hg_product((hg_matrices){{{left}, {right}, {', '.join(map(str, sizes))}, {out.name}, {int(out.kind == 'float')}, 0, 0, 0}}, threads)) {{"
    yield "  s->failed = 1; goto hg_end;"
    yield "}"


def _factor(layout: Layout, entry: Entry, row: Letter, column: Letter) -> str:
    """A factor: where it is, and how far its rows and its columns lie apart."""
    place = layout.homes[entry.name]
    strides = {index: layout.sizes.product(place.axes[slot + 1 :]) for slot, index in enumerate(entry.indices)}
    return f"{{{place.name}, {strides[row]}, {strides[column]}, {int(place.kind == 'float')}}}"


def _is_straight(layout: Layout) -> bool:
    """Whether all is computed in straight lines, an entry a line."""
    return layout.unrolled and layout.batch is None


def _variable(layout: Layout, part: Definition) -> Place:
    return Place("variable", layout.names[part.name], tuple(i.axis for i in part.letters), kind=layout.kinds[part.name])


def _stored(layout: Layout, part: Definition) -> Iterator[str]:
    place, variable = layout.homes[part.name], _variable(layout, part)
    if place.home == "result":
        for at in layout.entries(part.letters):
            positions = [at[i] for i in part.letters]
            yield f"{place.entry(positions, layout.sizes)} = {place.stored(variable.entry(positions, layout.sizes))};"


def _formula(layout: Layout, part: Definition) -> str:
    return write(part.body, layout.program.model).replace("*/", "* /")


def _shared(loop: StageLoop) -> Iterator[str]:
    """The loop over samples, shared by the threads, and its sums put together in the order of the chunks."""
    layout, stage = loop.layout, loop.stage
    others = [layout.sizes.product([i.axis for i in p.letters if i is not loop.letter]) for p in (*stage.within, *(f.part for f in stage.folds))]
    per = " + ".join(dict.fromkeys(others)) or "1"
    room = room_size(loop)
    yield "{"
    yield f"  const int64_t width = {sum_width(layout, stage)}, per = {per};"
    yield f"  s->chunk = width > {FEW_SUMS} ? (s->samples + 7)/8 : {CHUNK}/(per > 0 ? per : 1);"
    yield "  if (s->chunk < 1) s->chunk = 1;"
    yield "  const int64_t chunks = (s->samples + s->chunk - 1)/s->chunk;"
    yield f"  const int workers = threads < 1 || s->samples*per < {FEW} ? 1 : threads;"
    yield "  s->sums = hg_room(1.0*chunks*width, sizeof(double));"
    if room:
        yield f"  s->room_size = {room};"
        yield "  s->room = hg_room(1.0*workers*s->room_size, 1);"
    yield f"  if (!s->sums{' || !s->room' if room else ''}) {{ {'free(s->room); ' if room else ''}free(s->sums); s->failed = 1; goto hg_end; }}"
    yield f"  hg_parallel(hg_stage_{loop.number}, s, chunks, workers);"
    offset = ""
    for fold in stage.folds:
        place = layout.homes[fold.part.name]
        size = layout.sizes.product([i.axis for i in fold.part.letters])
        yield f"  for (int64_t q = 0; q < {size}; q++) {{"
        yield f"    double total = {STARTS[fold.kind]};"
        yield f"    for (int64_t c = 0; c < chunks; c++) {joined_to('total', fold, f's->sums[c*width + {offset}q]')}"
        yield f"    {place.name}[q] = {place.stored('total')};"
        yield "  }"
        offset += f"{size} + "
    yield f"  free(s->sums);{' free(s->room);' if room else ''}"
    yield "}"
