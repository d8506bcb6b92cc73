"""From text to a model, or to a formula in the context of one.

A model is read in one pass over its statements; letters and slots join as they are met, what can only be known at the end
(a delta over two axes, a letter without a range, a called quantity, a cycle) is checked then, with the place where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from handgrad.axes import Definition, Extent, Model, letter_for
from handgrad.errors import HandgradError, ModelError, NotationError
from handgrad.expr import Axis, Condition, Entry, Expr, Label, Letter, Member
from handgrad.notation.atoms import Parser
from handgrad.notation.checking import checked, finished
from handgrad.notation.cursor import Binding, Setting, Sight, Signature
from handgrad.notation.lexer import LIMITS, WORDS, Limits, Tokens, lines, tokens
from handgrad.notation.operators import COMPARISONS
from handgrad.notation.resolution import Axes, Place, final_names, settled

ELEMENTARY = "exp log log1p expm1 sqrt abs sign sin cos tan sinh cosh tanh sech erf stop"
MANY = 8000
known: dict[str, Signature] = {
    **{name: Signature(name, 1, 1) for name in ELEMENTARY.split()},
    "max": Signature("max", 2, MANY),
    "min": Signature("min", 2, MANY),
    "clip": Signature("clip", 3, 3),
}
"""The functions that can be called: the elementary ones, and what `register` adds."""


def register(signature: Signature) -> None:
    """Make the name of a function known to every reader."""
    known.setdefault(signature.name, signature)


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
    names = final_names(axes)

    def final(axis: Axis) -> Axis:
        return names[axes.find(axis)]

    def tree(node: Any) -> Any:
        return settled(node, names, axes)

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
        fact = _fact(cursor)
        _ended(cursor)
        found.order.append(len(found.facts))
        found.facts.append(fact)
        setting.sight.unranged += [b for b in cursor.free.values() if not b.stands]
        return
    _definition(row, at, setting, found)


def _fact(cursor: Parser) -> Condition:
    """A condition, or the values that an entry takes."""
    first = cursor.at
    given = free_letters(cursor.tokens, first)
    for name in given:
        if name not in cursor.free:
            cursor.free[name] = Binding(name, -1, cursor.axes.fresh(name), cursor.place(first))
            cursor.sight.letters.append((name, cursor.free[name].axis))
    found = cursor.anything()
    if cursor.texts[cursor.at] == "in" and cursor.kinds[cursor.at] == "name":
        if not isinstance(found, Entry):
            raise cursor.error("only an entry is said to be in a set", cursor.place(first, cursor.at - 1), "name it first")
        cursor.at += 1
        if cursor.kinds[cursor.at] != "{":
            return Label(found, cursor.range())
        return Member(found, _members(cursor))
    if isinstance(found, Expr):
        place = cursor.place(first, cursor.at - 1)
        raise cursor.error(f"`{place.text()}` is a value and no condition", place, f"write a fact such as {place.text()} > 0")
    return found  # type: ignore[no-any-return]


def _members(cursor: Parser) -> tuple[Fraction, ...]:
    values = []
    while True:
        cursor.at += 1
        first = cursor.at
        value = cursor.value()
        number = getattr(value, "value", None)
        if not isinstance(number, Fraction):
            raise cursor.error("a set holds numbers", cursor.place(first, cursor.at - 1), "write {-1, 1}")
        values.append(number)
        if cursor.kinds[cursor.at] != ",":
            cursor.expect("}", "after the numbers")
            return tuple(values)


def free_letters(row: Tokens, at: int, stop: int | None = None) -> list[str]:
    """The letters that stand in brackets from the token on and that no reduction binds, in order of appearance."""
    found: list[str] = []
    kinds, texts = row.kinds, row.texts
    stop = len(kinds) if stop is None else stop
    while at < stop and kinds[at] != ";":
        if kinds[at] == "[":
            close = row.partner[at]
            inside = _plain_names(row, at + 1, close)
            if kinds[close + 1] == "(" and kinds[at - 1] == "name":
                end = row.partner[close + 1]
                below = [name for name in free_letters(row, close + 2, end) if name not in inside]
                short = texts[at - 1] in ("softmax", "log_softmax") and kinds[end + 1] != "["
                found += (inside if short else []) + below
                at = end
            else:
                found += inside
                at = close
        at += 1
    return list(dict.fromkeys(found))


def _plain_names(row: Tokens, at: int, stop: int) -> list[str]:
    names = []
    while at < stop:
        if row.kinds[at] == "name" and row.texts[at] == "size" and row.kinds[at + 1] == "(":
            at = row.partner[at + 1]
        elif row.kinds[at] == "name" and row.kinds[at + 1] not in ("[", "(") and (row.texts[at] != "in" or row.kinds[at - 1] != "name"):
            names.append(row.texts[at])
        at += 1
    return names


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
    _ended(cursor)
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


def _ended(cursor: Parser) -> None:
    kind = cursor.kinds[cursor.at]
    if kind in ("end", ";"):
        return
    if kind == "=":
        raise cursor.error("a statement holds one =", cursor.place(cursor.at), "write two statements; equality of values is ==")
    before, after = cursor.at - 1, cursor.at + 1
    if kind == "," and cursor.kinds[before] == cursor.kinds[after] == "number" and cursor.texts[before].isdigit() and cursor.texts[after].isdigit():
        place = cursor.place(before, after)
        dot = f"{cursor.texts[before]}.{cursor.texts[after]}"
        raise cursor.error("decimals are written with a point", place, f"write {dot}", (place.start, place.end, dot))
    raise cursor.unexpected("the formula ends before this")


# ---------------------------------------------------------------- in the context of a model


def _parser(text: str, model: Model, letters: Mapping[str, Axis], new: bool, functions: Mapping[str, Signature], limits: Limits) -> Parser:
    rows = lines(text.strip("\n"), limits)
    if len(rows) > 1:
        raise NotationError("a formula stands on one line", text, 2, remedy="join the lines")
    row = tokens(rows[0], 1, text, limits)
    axes = Axes(model)
    if letters:
        axes.given = axes.given | frozenset(letters.values())
    setting = Setting(axes, Sight(), functions, strict=False, closed=None if new else frozenset(model.functions))
    nowhere = Place(row, 0, 0)
    free = {name: Binding(name, -1, axis, nowhere, True) for name, axis in letters.items()}
    parser = Parser(row, 0, setting, free, None)
    if not COMPARISONS.isdisjoint(row.kinds):
        for name in free_letters(row, 0):
            if name not in free:
                free[name] = Binding(name, -1, axes.fresh(), nowhere)
    return parser


def _closed(parser: Parser, tree: Any) -> Any:
    _ended(parser)
    return _settled(parser, tree)


def _settled(parser: Parser, tree: Any) -> Any:
    sight, axes = parser.sight, parser.axes
    sight.unranged += [b for b in parser.free.values() if not b.stands]
    if sight.unranged or sight.deltas or sight.sizes or sight.ranges or sight.abstract:
        checked(parser.setting, {}, {}, {})
    return settled(tree, final_names(axes), axes) if sight.provisional else tree


def read_expression(text: str, model: Model, letters: Mapping[str, Axis] = {}, new: bool = False,
                    functions: Mapping[str, Signature] = known, limits: Limits = LIMITS) -> Expr:
    """The formula that a text states, its names and axes those of the model; `letters` types free letters.

    Names that the model lacks are refused, or with `new` are inputs of their own.
    """
    parser = _parser(text, model, letters, new, functions, limits)
    return _closed(parser, parser.value())  # type: ignore[no-any-return]


def read_condition(text: str, model: Model, letters: Mapping[str, Axis] = {}, new: bool = False,
                   functions: Mapping[str, Signature] = known, limits: Limits = LIMITS) -> Condition:
    """The condition or fact that a text states, read as `read_expression` reads."""
    parser = _parser(text, model, letters, new, functions, limits)
    return _closed(parser, _fact(parser))  # type: ignore[no-any-return]


def read_equation(text: str, model: Model, letters: Mapping[str, Axis] = {}, new: bool = False,
                  functions: Mapping[str, Signature] = known, limits: Limits = LIMITS) -> tuple[Expr, Expr]:
    """Both sides of `left = right`, with the same letters: the statement of a rule."""
    parser = _parser(text, model, letters, new, functions, limits)
    left = parser.value()
    parser.expect("=", "between the sides")
    right = parser.value()
    _ended(parser)
    return _settled(parser, left), _settled(parser, right)


def read_entry(text: str, model: Model, taken: frozenset[str] = frozenset(), limits: Limits = LIMITS) -> Entry:
    """The entry of a tensor of the model that a text names: `W[i,j]`, or `W` for all of its entries, with letters of their own."""
    name = text.strip()
    if model.tensors.get(name):
        return whole_entry(name, model, taken)
    parser = _parser(text, model, {}, False, {}, limits)
    if parser.kinds[0] != "name" or parser.kinds[1] not in ("[", "end"):
        raise parser.error("an entry is a name of the model, with its indices or alone", parser.place(0), f"its names are {', '.join(model.tensors)}")
    entry = _closed(parser, parser.value())
    if not isinstance(entry, Entry):
        raise parser.error(f"`{name}` is no entry", parser.place(0), f"write one of {', '.join(model.tensors)}, with indices or alone")
    return entry


def whole_entry(name: str, model: Model, taken: frozenset[str] = frozenset()) -> Entry:
    """The entry of a tensor with a letter for each slot: those of its axes, or others where these are taken."""
    letters: list[Letter] = []
    for axis in model.tensors[name]:
        letters.append(Letter(letter_for(axis, model, taken | {x.name for x in letters}), axis))
    return Entry(name, tuple(letters))
