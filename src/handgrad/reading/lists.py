"""Lists without brackets: `$z_1, \\dots, z_K$` only names things, and `x_1, x_2 = 0.5, 0.3` gives each name its number."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from handgrad.reading.surface import Span, Statement, Surface, Unread

Read = Callable[[int, int, bool], Sequence[Statement]]
DOTS = re.compile(r"(?:\\[a-z]?dots[a-z]?|\.\.\.|…|\\cdots|\\text\{ ?and ?\}|and)?\s*")
LONGEST = 40


def is_list(tree: Surface) -> bool:
    """Whether a side was left unread because it is a list."""
    return isinstance(tree, Unread) and tree.why.startswith("a list without brackets")


def listed(statements: tuple[Statement, ...], text: str, read: Read) -> tuple[Statement, ...]:
    """The statements with each list taken apart."""
    found: list[Statement] = []
    for statement in statements:
        if not has_list(statement):
            found.append(statement)
            continue
        last = statement.sides[-1]
        items = [_one(read(*span, False)) for span in _items(text, last.tree.span)]
        heads = [_one(read(*span, False)) for span in _items(text, statement.sides[0].span)] if len(statement.sides) == 2 else []
        if len(statement.sides) == 1 and all(items) and len(items) <= LONGEST:
            found += [item for item in items if item is not None]
        elif len(heads) == len(items) > 1:
            found += _paired(heads, items, last.relation) or [statement]
        else:
            count = len(items) - 1
            names = found[len(found) - count:] if count <= len(found) else []
            paired = _paired([*names, replace(statement, sides=statement.sides[:-1])], items, last.relation) if names and len(names) == count else None
            found = [*found[:len(found) - count], *paired] if paired else [*found, statement]
    return tuple(found)


def has_list(statement: Statement) -> bool:
    """Whether its last side was left unread because it is a list."""
    return bool(statement.sides) and is_list(statement.sides[-1].tree)


def _items(text: str, span: Span) -> list[Span]:
    """What stands between the commas of a list, without dots."""
    found, start, depth = [], span[0], 0
    for place in range(span[0], span[1] + 1):
        shown = text[place] if place < span[1] else ","
        depth += (shown in "([{") - (shown in ")]}")
        if shown == "," and (depth == 0 or place == span[1]):
            if not DOTS.fullmatch(text[start:place].strip()):
                found.append((start, place))
            start = place + 1
    return found


def _one(read: Sequence[Statement]) -> Statement | None:
    one = len(read) == 1 and len(read[0].sides) == 1 and not isinstance(read[0].sides[0].tree, Unread)
    return read[0] if one else None


def _paired(names: Sequence[Statement | None], values: Sequence[Statement | None], relation: str) -> list[Statement] | None:
    """Each name with its value, or None where one of them is not a single thing."""
    found = []
    for name, value in zip(names, values, strict=True):
        if name is None or value is None or len(name.sides) != 1:
            return None
        right = replace(value.sides[0], relation=relation)
        found.append(replace(name, span=value.span, sides=(name.sides[0], right)))
    return found
