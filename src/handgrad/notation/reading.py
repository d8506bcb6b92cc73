"""From text to a model.

A model is read in one pass over its statements; letters and slots join as they are met, what can only be known at the end
(a delta over two axes, a letter without a range, a called quantity, a cycle) is checked then, with the place where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handgrad.axes import Definition, Extent, Model
from handgrad.errors import HandgradError, ModelError
from handgrad.expr import Axis, Condition, Letter
from handgrad.notation.atoms import Parser
from handgrad.notation.checking import checked, finished
from handgrad.notation.cursor import Binding, Setting, Sight, Signature
from handgrad.notation.facts import ended, fact
from handgrad.notation.lexer import LIMITS, WORDS, Limits, Tokens, lines, tokens
from handgrad.notation.operators import COMPARISONS
from handgrad.notation.resolution import Axes, Place, final_names, settled
from handgrad.notation.signatures import known
from handgrad.records import dataclass


@dataclass(slots=True)
class Statements:
    """What was read of a model so far, with the places where names are defined."""

    definitions: dict[str, Definition]
    places: dict[str, Place]
    facts: list[Condition]
    declared: dict[str, tuple[Axis, Extent, Place]]
    order: list[str | int]


def read(text: str, functions: Mapping[str, Signature] = known, limits: Limits = LIMITS) -> Model:
    """The model that a text states, with axes resolved and shapes checked.

    ```
    s[k] = exp(a[k])/sum[m](exp(a[m]))
    ```
    An error carries the line mended, ready to paste, where that line then reads.
    """
    try:
        return _read(text, functions, limits)
    except HandgradError as error:
        error.mended = _pasteable(error, text, functions, limits)
        raise


def _pasteable(error: HandgradError, text: str, functions: Mapping[str, Signature], limits: Limits) -> str:
    """The mended line, mended further while it is at fault; empty if it never reads."""
    mended = error.mended
    rows = text.split("\n")
    for _ in range(4 if mended else 0):
        rows[error.line - 1] = mended
        try:
            _read("\n".join(rows), functions, limits)
        except HandgradError as next_error:
            if next_error.line > error.line or not next_error.line:
                return mended
            if next_error.line < error.line or not next_error.mended:
                return ""
            mended = next_error.mended
        else:
            return mended
    return ""


def _read(text: str, functions: Mapping[str, Signature], limits: Limits) -> Model:
    setting = Setting(Axes(Model({})), Sight(), functions)
    found = Statements({}, {}, [], {}, [])
    rows = [tokens(line, number, text, limits) for number, line in enumerate(lines(text, limits), 1)]
    starts = [(row, at) for row in rows for at in _starts(row)]
    for row, at in starts:
        if _is_axes(row, at):
            _axes_line(row, at, setting, found)
    for row, at in starts:
        if not _is_axes(row, at):
            _statement(row, at, setting, found)
    if not found.definitions:
        raise ModelError("no name is defined", text, remedy="write a line such as J = sum[i]((y[i] - x[i])^2)")
    checked(setting, found.declared, found.definitions, found.places)
    return _model(text, setting, found)


def _model(text: str, setting: Setting, found: Statements) -> Model:
    axes, sight = setting.axes, setting.sight
    names = final_names(axes, found.definitions)

    def final(axis: Axis) -> Axis:
        return names[axes.find(axis)]

    def tree(node: Any) -> Any:
        return settled(node, names, axes) if names else node            # without axes there is nothing to settle

    letters: dict[Axis, dict[str, None]] = {}
    first = [(letter, axis) for letter, (axis, _, _) in found.declared.items()]
    for letter, axis in (*first, *sight.left, *sight.letters):
        letters.setdefault(final(axis), {})[letter] = None
    least: dict[Axis, int] = {}
    for axis, size in sight.least:
        if size > 1:
            least[final(axis)] = max(size, least.get(final(axis), 1))
    return Model(
        definitions={n: Definition(n, tuple(tree(x) for x in d.letters), tree(d.body)) for n, d in found.definitions.items()},
        facts=tuple(tree(f) for f in found.facts),
        tensors={name: tuple(final(slot) for slot in slots) for name, slots in axes.tensors.items()},
        letters={axis: tuple(found_letters) for axis, found_letters in letters.items()},
        extents={final(axis): extent for axis, extent, _ in found.declared.values()},
        least=least,
        functions=tuple(sight.abstract),
        source=text,
        order=tuple(found.order),
        notes=tuple(finished(setting, found.definitions)),
    )


def _starts(row: Tokens) -> list[int]:
    """Where the statements of a line begin."""
    kinds = row.kinds
    return [p for p in range(len(kinds) - 1) if kinds[p] != ";" and (p == 0 or kinds[p - 1] == ";")]


def _is_axes(row: Tokens, at: int) -> bool:
    return row.texts[at] == "axes" and row.kinds[at + 1] == "name"


def _axes_line(row: Tokens, at: int, setting: Setting, found: Statements) -> None:
    """`axes i: n samples, k: C classes`: the letter, the name of its size, what is counted."""
    cursor = Parser(row, at + 1, setting, {}, None)
    while True:
        here = cursor.at
        letter = row.texts[here]
        if row.kinds[here] != "name" or row.kinds[here + 1] != ":" or row.kinds[here + 2] not in ("name", "number"):
            raise cursor.unexpected("an axis is given by its letter, a colon, its size and what it counts", "write axes i: n samples, k: C classes")
        if letter in found.declared:
            raise cursor.error(f"the letter {letter} is given twice", cursor.place(here), "use another letter", kind=ModelError)
        size = row.texts[here + 2]
        cursor.at = last = here + 3
        while row.kinds[last] not in (",", ";", "end"):
            last += 1
        meaning = row.line[row.starts[here + 3]:row.end(last - 1)] if last > here + 3 else ""
        setting.axes.spoken[letter] = Extent(letter, size, meaning)
        axis = setting.axes.fresh(letter)
        found.declared[letter] = (axis, Extent(letter, size, meaning), cursor.place(here, last - 1))
        cursor.at = last + 1
        if row.kinds[last] != ",":
            return


def _statement(row: Tokens, at: int, setting: Setting, found: Statements) -> None:
    if row.texts[at] == "assume" and row.kinds[at + 1] not in ("=", "["):
        cursor = Parser(row, at + 1, setting, {}, None)
        found_fact = fact(cursor)
        ended(cursor)
        found.order.append(len(found.facts))
        found.facts.append(found_fact)
        setting.sight.unranged += [b for b in cursor.free.values() if not b.stands]
        return
    _definition(row, at, setting, found)


def _definition(row: Tokens, at: int, setting: Setting, found: Statements) -> None:
    cursor = Parser(row, at, setting, {}, frozenset())
    name, after = row.texts[at], row.kinds[at + 1]
    if row.kinds[at] in WORDS:
        raise cursor.error(f"`{name}` is a word of the notation and no name", cursor.place(at), "use another name")
    if row.kinds[at] != "name" or after not in ("=", "["):
        raise _no_definition(cursor)
    letters = _left_side(cursor) if after == "[" else ()
    if row.kinds[cursor.at if letters else at + 1] != "=":
        raise _no_definition(cursor, at)
    place = cursor.place(at, cursor.at - 1 if letters else at)
    if name == "pi" and not letters:
        raise cursor.error("pi is the number 3.14159…", place, "use another name")
    if name in found.definitions:
        line = found.places[name].tokens.number
        raise cursor.error(f"{name} is already defined on line {line}", place, "use another name", kind=ModelError)
    slots = setting.axes.slots(name, len(letters), place)
    for p, slot in zip(letters, slots, strict=True):
        binding = Binding(row.texts[p], -1, slot, cursor.place(p), True)
        cursor.free[binding.name] = binding
        setting.axes.join(slot, setting.axes.fresh(binding.name), binding.place, f"`{binding.name}` in {name}")
        setting.sight.left.append((binding.name, slot))
    cursor.left_side, cursor.left_end = place.text(), place.end
    cursor.at = (cursor.at if letters else at + 1) + 1
    body = cursor.value()
    ended(cursor)
    found.places[name] = place
    found.order.append(name)
    found.definitions[name] = Definition(name, tuple(Letter(row.texts[p], slot) for p, slot in zip(letters, slots, strict=True)), body)


def _left_side(cursor: Parser) -> tuple[int, ...]:
    """The places of the letters on the left side."""
    row, at = cursor.tokens, cursor.at
    close = row.partner[at + 1]
    letters = tuple(range(at + 2, close, 2))
    name = row.texts[at]
    for p in letters:
        if row.kinds[p] != "name" or row.kinds[p + 1] not in (",", "]"):
            raise cursor.error(f"the left side of a definition holds letters only, not `{cursor.place(at + 2, close - 1).text()}`", cursor.place(p),
                               f"write {name}[i] = …, with a case `… if i == 1 else …` where one entry differs")
    texts = [row.texts[p] for p in letters]
    for q, p in enumerate(letters):
        if row.texts[p] in texts[:q]:
            raise cursor.error(f"{row.texts[p]} stands twice on the left side", cursor.place(p), "use a letter of its own for each slot")
    if name == "delta" and len(letters) == 2:
        raise cursor.error("delta with two indices is the Kronecker delta", cursor.place(at, close), "use another name")
    if not letters:
        raise cursor.error(f"{name} has brackets without a letter", cursor.place(at, close), f"write {name} = … or {name}[i] = …")
    cursor.at = close + 1
    return letters


def _no_definition(cursor: Parser, at: int | None = None) -> HandgradError:
    row = cursor.tokens
    first = cursor.at if at is None else at
    stop = next((p for p in range(first, len(row.kinds)) if row.kinds[p] in (";", "end")), first)
    whole = cursor.place(first, max(first, stop - 1))
    kinds = row.kinds[first:stop]
    if kinds[:2] == ["name", "("] and "=" in kinds and row.kinds[row.partner[first + 1] + 1] == "=":
        name, close = row.texts[first], row.end(row.partner[first + 1])
        return cursor.error(f"`{row.line[whole.start:close]}`: a definition names a quantity, and what it depends on is seen from the right side",
                            cursor.place(first, row.partner[first + 1]), f"write {name} = …", (whole.start, close, name))
    if "=" in kinds:
        last = max(first, first + kinds.index("=") - 1)
        return cursor.error("the left side of a definition is one name", cursor.place(first, last), "write J = … or s[i,k] = …")
    if COMPARISONS & set(kinds):
        return cursor.error("a condition alone is no statement", whole, f"write assume {whole.text()}", (whole.start, whole.start, "assume "))
    return cursor.error("a statement is a name, =, and a formula", whole, f"write J = {whole.text()}", (whole.start, whole.start, "J = "))
