"""The loop over samples of one stage, as a C function that works on one chunk of them.

    static void hg_stage_0(void *state, int64_t part, int worker);

Where code is in straight lines, samples are taken in blocks: what has several entries a sample is laid out with the samples side by side, computed for all
samples of the block at once, and laid back. Where there are loops within a sample, a row of a result is made in memory of the worker and copied.
Either way results are copied when they are finished, past the caches where they are too many for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from handgrad.axes import Definition
from handgrad.expr import Entry, Letter, Reduce
from handgrad.kernels.formulas import code
from handgrad.kernels.layout import MOST_FIXED, Layout
from handgrad.kernels.loops import STARTS, Writer
from handgrad.kernels.schedule import Fold, Stage
from handgrad.kernels.storage import LANE, Place
from handgrad.records import dataclass
from handgrad.trees import subtrees

IN_BLOCK = 4_096                        # entries of one block
LONGEST_BLOCK, SHORTEST_BLOCK = 512, 16


@dataclass(frozen=True)
class StageLoop:
    """A stage with the letter of its samples, and where everything lives in its loop."""

    layout: Layout
    number: int
    stage: Stage
    letter: Letter

    @cached_property
    def in_lanes(self) -> bool:
        """Whether each sample takes straight lines alone."""
        parts = (*self.stage.within, *(f.part for f in self.stage.folds))
        flat = all(set(p.letters) <= {self.letter} and not isinstance(p.body, Reduce) for p in parts)
        return self.layout.unrolled or flat

    @cached_property
    def used(self) -> frozenset[str]:
        """The names that the loop reads or writes."""
        bodies = [*(p.body for p in self.stage.within), *(f.body for f in self.stage.folds)]
        return frozenset(name for body in bodies for name in body.tensors) | {p.name for p in self.stage.within}

    @cached_property
    def pointers(self) -> Mapping[str, Place]:
        """The arrays between stages, by pointers that are known not to overlap."""
        places = dict(self.layout.homes)
        for title, place in self.layout.homes.items():
            if title in self.used and not self.layout.is_fixed(place):
                places[title] = Place(place.home, f"{self.layout.names[title]}_", place.axes, kind=place.kind)
        return places

    @cached_property
    def local(self) -> Mapping[str, Place]:
        """Where the parts of one sample live within the loop."""
        places: dict[str, Place] = {}
        for part in self.stage.within:
            slot = part.letters.index(self.letter) if self.letter in part.letters else -1
            axes = tuple(i.axis for i in part.letters if i is not self.letter)
            name, kind = self.layout.names[part.name], self.layout.kinds[part.name]
            if self.layout.unrolled or not axes:
                places[part.name] = Place("variable", name, axes, slot, kind)
            elif part.name not in self.layout.homes:
                places[part.name] = Place("scratch", name, axes, slot, kind)
            elif part.name in self.rows:
                places[part.name] = Place("scratch", name, axes, slot, self.layout.held(part.name))
        return places

    @cached_property
    def rows(self) -> Mapping[str, str]:
        """Results of which the loop makes a row a sample, and how long the rows are."""
        if self.layout.unrolled:
            return {}
        places = ((p.name, self.layout.homes.get(p.name), p.letters) for p in self.stage.within)
        return {
            name: self.layout.sizes.product(place.axes[1:]) for name, place, letters in places
            if place is not None and place.home == "result" and len(letters) > 1 and letters[0] is self.letter
        }

    # ------------------------------------------------------------ blocks

    @cached_property
    def blocks(self) -> Mapping[str, int]:
        """Arrays that are laid out with samples side by side, and how many entries they have for each sample."""
        if not self.in_lanes:
            return {}
        found: dict[str, int] = {}
        for title, place in self.layout.homes.items():
            many = self.layout.sizes.product(place.axes[1:])
            is_written = title in self.local
            if title in self.used and place.axes and place.axes[0] is self.letter.axis and many.isdigit() and int(many) <= IN_BLOCK // SHORTEST_BLOCK:
                if (int(many) > 1 or is_written or self._is_short(title)) and (is_written or self._is_by_sample(title)):
                    found[title] = int(many)
        return found if sum(found.values()) <= IN_BLOCK // SHORTEST_BLOCK else {}

    def _is_short(self, title: str) -> bool:
        """Whether positions are so small that they are held as wide as single precision, beside which they are compared."""
        axis = next((i.label for i in self.layout.program.inputs if i.name == title), None)
        return self.layout.stored == "float" and axis in self.layout.sizes.fixed

    def _is_by_sample(self, title: str) -> bool:
        bodies = [*(p.body for p in self.stage.within), *(f.body for f in self.stage.folds)]
        entries = [n for body in bodies for n in subtrees(body) if isinstance(n, Entry) and n.name == title]
        return all(n.indices[0] is self.letter for n in entries)

    @cached_property
    def length(self) -> int:
        """How many samples make a block."""
        each = max(1, sum(self.blocks.values()))
        return max(SHORTEST_BLOCK, min(LONGEST_BLOCK, IN_BLOCK // each // SHORTEST_BLOCK * SHORTEST_BLOCK))

    @cached_property
    def side_by_side(self) -> Mapping[str, Place]:
        """The places of what is laid out by samples."""
        places = {title: self.layout.homes[title] for title in self.blocks}
        kinds = {title: "int32_t" if self._is_short(title) else place.kind for title, place in places.items()}
        return {t: Place("scratch", f"t_{self.layout.names[t]}", place.axes[1:], 0, kinds[t], self.length) for t, place in places.items()}

    @cached_property
    def writer(self) -> Writer:
        """Writes the parts."""
        largest = {p.body.arguments: p for p in self.stage.within if isinstance(p.body, Reduce) and p.body.kind == "max"}
        maxima = {
            p.name: largest[p.body.arguments].name for p in self.stage.within
            if isinstance(p.body, Reduce) and p.body.kind == "argmax" and p.body.arguments in largest and largest[p.body.arguments].letters == p.letters
        }
        return Writer({**self.pointers, **self.side_by_side, **self.local}, self.layout.names, self.layout.sizes, self.layout.unrolled, maxima)


def stage_function(loop: StageLoop) -> Iterator[str]:
    """The function that runs through the samples of one chunk."""
    layout, stage = loop.layout, loop.stage
    titles = dict.fromkeys(p.name for p in (*stage.within, *(f.part for f in stage.folds)))
    starts, added, ends, clause = _folds(loop)
    yield f"/* stage {loop.number + 1}: {', '.join(titles)} */"
    yield f"static void hg_stage_{loop.number}(void *state, int64_t part, int worker) {{"
    yield "  hg_state *const s = state;"
    yield from (f"  const int64_t {name} = s->{name};" for name in layout.sizes.names.values())
    yield "  const int64_t lo = part*s->chunk, hi = lo + s->chunk < s->samples ? lo + s->chunk : s->samples;"
    if stage.folds:
        yield f"  double *restrict sums = s->sums + part*({sum_width(layout, stage)});"
    yield from (f"  {line}" for line in (*_aliases(loop), *_scratch(loop), *starts))
    body = [line for part in stage.within for line in _computed(loop, part)] + added
    yield from (f"  {line}" for line in (_in_blocks(loop, body, clause) if loop.in_lanes else _sample_by_sample(body)))
    yield from (f"  {line}" for line in ends)
    yield "  hg_settled(s->past); (void)worker;"
    yield "}"
    yield ""


def _sample_by_sample(body: Sequence[str]) -> Iterator[str]:
    yield "for (int64_t n = lo; n < hi; n++) {"
    yield from (f"  {line}" for line in body)
    yield "}"


def _in_blocks(loop: StageLoop, body: Sequence[str], clause: str) -> Iterator[str]:
    """Samples block by block: laid out, computed, laid back."""
    within = {p.name for p in loop.stage.within}
    yield f"for (int64_t start = lo; start < hi; start += {loop.length}) {{"
    yield f"  const int64_t count = hi - start < {loop.length} ? hi - start : {loop.length};"
    for title, many in loop.blocks.items():
        if title not in within:
            yield f"  for (int64_t q = 0; q < count; q++) for (int64_t k = 0; k < {many}; k++) {_block(loop, title)} = {_row(loop, title, many)};"
    if clause:
        yield f"  #pragma omp simd{clause if clause != 'simd' else ''}"
    yield f"  for (int64_t {LANE} = 0; {LANE} < count; {LANE}++) {{"
    yield f"    const int64_t n = start + {LANE};"
    yield from (f"    {line}" for line in body)
    yield "    (void)n;"
    yield "  }"
    for title, many in loop.blocks.items():
        place = loop.pointers[title]
        if title in within and many == 1:
            yield f"  hg_copy({place.name} + start, {loop.side_by_side[title].name}, sizeof({place.kind})*count, s->past);"
        elif title in within:
            yield f"  for (int64_t q = 0; q < count; q++) for (int64_t k = 0; k < {many}; k++) {_row(loop, title, many)} = {_block(loop, title)};"
    yield "}"


def _block(loop: StageLoop, title: str) -> str:
    return f"{loop.side_by_side[title].name}[k*{loop.length} + q]"


def _row(loop: StageLoop, title: str, many: int) -> str:
    return f"{loop.pointers[title].name}[(start + q)*{many} + k]"


def _aliases(loop: StageLoop) -> Iterator[str]:
    for title, place in loop.layout.homes.items():
        if title in loop.used and not loop.layout.is_fixed(place):
            constant = "const " if place.home in ("input", "label") else ""
            yield f"{constant}{place.kind} *restrict const {loop.pointers[title].name} = {place.name};"


def _computed(loop: StageLoop, part: Definition) -> Iterator[str]:
    """The statements of a part, and what brings its value to where it is kept."""
    layout = loop.layout
    yield from loop.writer.part(part, {loop.letter: "n"})
    if part.name in loop.rows:
        place, size = loop.pointers[part.name], loop.rows[part.name]
        yield f"hg_copy({place.name} + n*{size}, {loop.local[part.name].name}, sizeof({place.kind})*{size}, s->past);"
    elif part.name in layout.homes and loop.writer.places[part.name].home == "variable":
        place, own = loop.side_by_side.get(part.name, loop.pointers[part.name]), loop.writer.places[part.name]
        for at in layout.entries([i for i in part.letters if i is not loop.letter]):
            positions = ["n" if i is loop.letter else at[i] for i in part.letters]
            value = own.entry(positions, layout.sizes)
            yield f"{place.entry(positions, layout.sizes)} = {place.stored(value) if own.kind == 'double' else value};"


# ---------------------------------------------------------------- memory of a worker


def _scratch(loop: StageLoop) -> Iterator[str]:
    """Arrays of one sample and of one block: on the stack, or in the room of the worker."""
    for title, many in loop.blocks.items():
        place = loop.side_by_side[title]
        yield f"{place.kind} {place.name}[{many*loop.length}];"
    held = list(_roomy(loop))
    for place in loop.local.values():
        if place.home == "scratch" and place not in held:
            yield f"{place.kind} {place.name}[{loop.layout.sizes.product(place.axes)}];"
    if held:
        yield "char *room = s->room + worker*s->room_size;"
    for place in held:
        size = loop.layout.sizes.product(place.axes)
        yield f"{place.kind} *restrict const {place.name} = (void *)room; room += {_bytes(place, size)};"


def _roomy(loop: StageLoop) -> Iterator[Place]:
    """The arrays that are too long for the stack, or whose length is not known."""
    for place in loop.local.values():
        size = loop.layout.sizes.product(place.axes)
        if place.home == "scratch" and not (size.isdigit() and int(size) <= MOST_FIXED):
            yield place


def _bytes(place: Place, size: str) -> str:
    return f"((int64_t)sizeof({place.kind})*({size}) + 63)/64*64"


def room_size(loop: StageLoop) -> str:
    """How many bytes a worker needs, none where the text is empty."""
    return " + ".join(_bytes(place, loop.layout.sizes.product(place.axes)) for place in _roomy(loop))


# ---------------------------------------------------------------- sums over the samples


def sum_width(layout: Layout, stage: Stage) -> str:
    """How many sums a chunk keeps."""
    return " + ".join(layout.sizes.product([i.axis for i in f.part.letters]) for f in stage.folds) or "0"


def _folds(loop: StageLoop) -> tuple[list[str], list[str], list[str], str]:
    """Before the loop, in it and after it, and the clause under which it may be vectorised (empty where it may not)."""
    layout, writer = loop.layout, loop.writer
    starts: list[str] = []
    added: list[str] = []
    ends: list[str] = []
    clauses: list[str] = []
    offset = ""
    for fold in loop.stage.folds:
        name = layout.names[fold.part.name]
        size = layout.sizes.product([i.axis for i in fold.part.letters])
        if layout.unrolled or not fold.part.letters:
            for number, at in enumerate(layout.entries(fold.part.letters)):
                own = f"f_{name}_{number}"
                starts.append(f"double {own} = {STARTS[fold.kind]};")
                added.append(joined_to(own, fold, code(fold.body, writer.scope({loop.letter: "n", **at}))))
                ends.append(f"sums[{offset}{number}] = {own};")
                clauses.append(own if fold.kind == "sum" else "")
        else:
            array = Place("scratch", f"f_{name}", tuple(i.axis for i in fold.part.letters))
            starts.append(f"double *restrict const f_{name} = sums + {offset}0; for (int64_t q = 0; q < {size}; q++) f_{name}[q] = {STARTS[fold.kind]};")
            added += writer.folding(fold.part, fold.kind, fold.body, array, {loop.letter: "n"})
        offset += f"{size} + "
    clause = "" if not all(clauses) else "simd" if not clauses else f" reduction(+:{', '.join(clauses)})"
    return starts, added, ends, clause


def joined_to(own: str, fold: Fold, value: str) -> str:
    """The statement that takes one more value into a total."""
    if fold.kind in ("sum", "prod"):
        return f"{own} {'+' if fold.kind == 'sum' else '*'}= {value};"
    return f"{own} = hg_{fold.kind}_d({value}, {own});"
