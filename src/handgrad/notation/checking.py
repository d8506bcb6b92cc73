"""What can only be checked once all statements are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handgrad.axes import Definition, Extent
from handgrad.errors import HandgradError, ModelError
from handgrad.expr import Axis
from handgrad.notation.cursor import Binding, Setting
from handgrad.notation.resolution import Place, shape_error
from handgrad.notation.signatures import near
from handgrad.trees import names


def _model_error(what: str, place: Place, remedy: str = "", mended: str = "") -> HandgradError:
    return ModelError(what, place.tokens.source, place.tokens.number, place.start, place.end, remedy, mended)


def checked(setting: Setting, declared: Mapping[str, tuple[Axis, Extent, Place]], definitions: Mapping[str, Definition], places: Mapping[str, Place]) -> None:
    """Refuse what does not fit together."""
    _sizes(setting)
    _ranges(setting)
    _declared(setting, declared)
    for binding in setting.sight.unranged:
        if not binding.stands and setting.axes.find(binding.axis).tensor == "":
            raise _unranged(binding, setting)
    for one, other, place in setting.sight.deltas:
        left, right = setting.axes.find(one.axis), setting.axes.find(other.axis)
        if left is not right:
            raise shape_error(f"`{place.text()}` compares {setting.axes.described(left)} ({one.name}) with {setting.axes.described(right)} ({other.name}), "
                              "and nothing makes them one axis", place, "use a letter of one axis in both, or a tensor that holds both")
    _called(setting)
    _cycles(definitions, places)


def _sizes(setting: Setting) -> None:
    for name, slot, axis, place in setting.sight.sizes:
        slots = setting.axes.tensors.get(name)
        if slots is None:
            shaped = [n for n, s in setting.axes.tensors.items() if s]
            raise shape_error(f"`{place.text()}`: {name} is no name of the model, so its shape is unknown", place,
                              f"use a name that stands with indices: {', '.join(shaped) or 'there is none'}",
                              place.mended((place.start, place.end, f"size({shaped[0]}, 1)")) if shaped else "")
        if slot > len(slots):
            has = "no index" if not slots else "1 index" if len(slots) == 1 else f"{len(slots)} indices"
            raise shape_error(f"`{place.text()}`: {name} has {has}", place, f"write size({name}, 1)" if slots else "use a name that stands with indices",
                              place.mended((place.start, place.end, f"size({name}, 1)")) if slots else "")
        assert axis is slots[slot - 1]


def _ranges(setting: Setting) -> None:
    """Give a letter the axis of its range, where no slot gives it one; a range never makes two slots one axis."""
    axes = setting.axes
    for binding, axis in setting.sight.ranges:
        if axes.find(binding.axis).tensor == "":
            axes.join(axis, binding.axis, binding.place, f"`{binding.name}`")
        elif axes.find(binding.axis) is not axes.find(axis):
            raise shape_error(f"{binding.name} runs over {axes.described(axes.find(binding.axis))}, and its range is that of {axes.described(axes.find(axis))}",
                              binding.place, "leave the range out")


def _declared(setting: Setting, declared: Mapping[str, tuple[Axis, Extent, Place]]) -> None:
    """Give each letter of an `axes` line its axis; it has the same one in every statement."""
    axes = setting.axes
    for letter, (axis, _, place) in declared.items():
        loose = [b for b in setting.sight.unranged if b.name == letter and axes.find(b.axis).tensor == ""]
        used = (*setting.sight.left, *setting.sight.letters)
        roots = list(dict.fromkeys(axes.find(a) for name, a in used if name == letter and axes.find(a).tensor))
        if len(roots) > 1:
            raise shape_error(f"the letter {letter} lies on two axes of the model: {axes.slot(roots[0])} and {axes.slot(roots[1])}", place,
                              "use another letter for one of them in the statements, or leave it out here")
        if not roots:
            raise shape_error(f"the letter {letter} stands in no slot", place, "leave it out, or use it")
        axes.join(roots[0], axis, place, f"`{letter}`")
        for binding in loose:
            axes.join(roots[0], binding.axis, binding.place, f"`{letter}`")


def _unranged(binding: Binding, setting: Setting) -> HandgradError:
    example = next(((name, slots) for name, slots in setting.axes.tensors.items() if slots), None)
    ranged = f"{binding.name} in 1..size({example[0] if example else 'x'}, 1)"
    place = binding.place
    what = f"the index {binding.name} has no range: it stands alone in no slot of a tensor"
    if binding.level < 0:
        return shape_error(what, place, "use it alone in some slot")
    return shape_error(what, place, f"say how far it runs: [{ranged}]", place.mended((place.start, place.end, ranged)) if example else "")


def _called(setting: Setting) -> None:
    for name, uses in setting.sight.abstract.items():
        if name in setting.axes.tensors:
            place = uses[0]
            slots = setting.axes.tensors[name]
            end = place.start + len(name)
            shown = name if not slots else f"{name}[{','.join('ijklmn'[:len(slots)])}]"
            mended = "" if slots else place.mended((end, end, "*"))
            raise _model_error(f"{name} is a quantity and not called", place, f"write {shown}*{place.text()[len(name):]}", mended)


def _cycles(definitions: Mapping[str, Definition], places: Mapping[str, Place]) -> None:
    """Follow each definition into those it uses; a way back is refused."""
    done: set[str] = set()
    for start in definitions:
        path: dict[str, Iterator[str]] = {}
        if start not in done:
            path[start] = iter(sorted(names(definitions[start].body)))
        while path:
            top = next(reversed(path))
            below = next(path[top], None)
            if below is None:
                done.add(top)
                del path[top]
            elif below in path:
                circle = list(path)[list(path).index(below):]
                way = " -> ".join((*circle, below))
                remedy = "give the steps names of their own: h1, h2, …" if len(circle) == 1 else "give one of them another name"
                raise _model_error(f"{below} is defined by itself: {way}", places[below], remedy)
            elif below in definitions and below not in done:
                path[below] = iter(sorted(names(definitions[below].body)))


def finished(setting: Setting, definitions: Mapping[str, Definition]) -> Iterator[str]:
    """What the reader took for what."""
    for name in setting.sight.abstract:
        alike = next((known for known in setting.functions if near(name, known)), None)
        yield f"{name} is taken as an abstract function" + (f"; did you mean {alike}?" if alike else "")
    letters = {letter for letter, _ in (*setting.sight.left, *setting.sight.letters)}
    for name, slots in setting.axes.tensors.items():
        if not slots and name not in definitions:
            if name in letters:
                yield f"{name} is taken as an input, which has nothing to do with the index {name}"
            extent = next((e for e in setting.axes.extents.values() if e.size == name), None)
            if extent is not None:
                axis = next(a for a, e in setting.axes.extents.items() if e is extent)
                root = setting.axes.find(axis)
                yield f"{name} is taken as an input; the number of {extent.meaning} is size({root.tensor}, {root.slot})"
