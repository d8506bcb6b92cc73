"""Facts and conditions, and which letters are free in a text."""

from __future__ import annotations

from fractions import Fraction

from handgrad.expr import Condition, Entry, Expr, Label, Member
from handgrad.notation.atoms import Parser
from handgrad.notation.cursor import Binding
from handgrad.notation.lexer import Tokens


def fact(cursor: Parser) -> Condition:
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


def ended(cursor: Parser) -> None:
    """Refuse what stands behind the end of a statement."""
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
