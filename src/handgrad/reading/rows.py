"""The rows of a display: what only lays it out is taken away, and where one statement ends and the next begins is marked.

`\\begin{aligned} a &= b \\\\ &= c \\end{aligned}` becomes two statements; a row that begins with `+` or `-` and holds no relation goes on
with the row above it; a box around a whole equation opens, and is remembered.
"""

from __future__ import annotations

from handgrad.reading.environments import CASES, CONTAINERS
from handgrad.reading.tokens import GOES_ON, Tokens

Boxes = tuple[tuple[int, int], ...]
WRAPPERS = frozenset(("box", "under"))


def laid_out(tokens: Tokens) -> Boxes:
    """Take the layout out of the tokens, in place; the stretches of the source that stood in opened boxes."""
    kinds = tokens.kinds
    keep: list[int] = []
    boxes: list[tuple[int, int]] = []
    drop: set[int] = set()
    at, last = 0, len(kinds) - 1
    changed = False
    while at < last:
        kind = kinds[at]
        close = tokens.partner.get(at)
        if at in drop or kind == "&":
            changed = True
        elif kind == "begin" and close is not None and _opens(tokens, at, close):
            drop.add(close)
            kinds[at], tokens.texts[at] = "row", ""
            keep.append(at)
            changed = True
        elif kind in WRAPPERS and kinds[at + 1] == "{" and (end := tokens.partner.get(at + 1)) is not None and _relates(tokens, at + 2, end):
            if kind == "box":
                boxes.append((tokens.starts[at], tokens.ends[end]))
            drop |= {at + 1, end}
            changed = True
        elif close is not None:
            inside = _inside(tokens, at, close) if kind == "(" else list(range(at, close + 1))
            changed = changed or len(inside) <= close - at
            keep.extend(inside)
            at = close
        else:
            keep.append(at)
        at += 1
    if changed:
        _kept(tokens, [*keep, last])
    if tokens.rows:
        _broken(tokens)
    return tuple(boxes)


def _inside(tokens: Tokens, at: int, close: int) -> list[int]:
    """A bracket that may be broken over rows: what it holds, without the ends of rows that belong to no matrix in it."""
    found: list[int] = []
    while at <= close:
        kind = tokens.kinds[at]
        if kind in ("begin", "substack"):
            end = tokens.partner.get(at if kind == "begin" else at + 1, at)
            found.extend(range(at, end + 1))
            at = end
        elif kind not in ("row", "&") and (kind != "gap" or tokens.texts[at] != GOES_ON):
            found.append(at)
        at += 1
    return found


def _opens(tokens: Tokens, at: int, close: int) -> bool:
    """Whether an environment holds statements rather than cells."""
    name = tokens.texts[at]
    if name in CONTAINERS:
        return True
    if name in ("array", "tabular") or name in CASES:
        inside = [k for k in range(at + 1, close) if tokens.kinds[k] in ("relation", "&", "row")]
        relations = [k for k in inside if tokens.kinds[k] == "relation" and tokens.texts[k] in ("=", "≈")]
        if name in CASES:
            return bool(relations) and not any(tokens.kinds[k] == "&" for k in inside) and not any(tokens.kinds[k] == "text" for k in range(at, close))
        return bool(relations) and _relates(tokens, at + 1, close)
    return False


def _relates(tokens: Tokens, at: int, close: int) -> bool:
    """Whether a relation stands on the level of the token."""
    while at < close:
        kind = tokens.kinds[at]
        if kind in ("relation", "arrow", "implies", "overset") or kind == "begin" and tokens.texts[at] in CONTAINERS:
            return True
        at = tokens.partner.get(at, at) + 1
    return False


def _kept(tokens: Tokens, keep: list[int]) -> None:
    place = {old: new for new, old in enumerate(keep)}
    partner = {place[a]: place[b] for a, b in tokens.partner.items() if a in place and b in place}
    accents = {place[a]: found for a, found in tokens.accents.items() if a in place}
    for column in (tokens.kinds, tokens.texts):
        column[:] = [column[k] for k in keep]
    for numbers in (tokens.starts, tokens.ends):
        numbers[:] = [numbers[k] for k in keep]
    tokens.partner.clear()
    tokens.partner.update(partner)
    tokens.accents.clear()
    tokens.accents.update(accents)


def _broken(tokens: Tokens) -> None:
    """Make each end of a row a break, or nothing where the next row goes on with the same formula."""
    kinds = tokens.kinds
    keep: list[int] = []
    at, last = 0, len(kinds) - 1
    while at < last:
        if kinds[at] != "row":
            close = tokens.partner.get(at, at)
            keep.extend(range(at, close + 1))
            at = close + 1
            continue
        after = at + 1
        while kinds[after] in ("gap", "row", "&"):
            after += 1
        before = len(keep) - 1
        while before >= 0 and kinds[keep[before]] == "gap":
            before -= 1
        if before < 0 or tokens.texts[at] != GOES_ON and not _goes_on(tokens, keep[before], after):
            kinds[at] = "break"
            keep.append(at)
        elif kinds[keep[before]] == "relation" and kinds[after] == "relation":
            del keep[before]                            # `=` at the end of one row and at the begin of the next
        at = after
    _kept(tokens, [*keep, last])


def _goes_on(tokens: Tokens, before: int, after: int) -> bool:
    kinds = tokens.kinds
    if kinds[before] in ("relation", "times", "sign"):
        return True
    if kinds[after] == "times":
        return True
    if kinds[after] == "(" and (kinds[before] == "close" or kinds[before] in ("name", "number", "}") and kinds[after - 1] == "gap"):
        return _is_factor(tokens, after)            # an indented row, or one that begins behind a bracket
    if kinds[after] != "sign":
        return False
    at = after
    while kinds[at] not in ("row", "stop"):
        if kinds[at] == "relation":
            return tokens.texts[after] == "+"
        at = tokens.partner.get(at, at) + 1
    return True


def _is_factor(tokens: Tokens, at: int) -> bool:
    """Whether a row that begins with a bracket goes on with the product above it: it has no relation, and is no label such as (2)."""
    close = tokens.partner.get(at, at)
    if close == at + 2 and tokens.texts[at + 1].isdigit():
        return False
    while tokens.kinds[at] not in ("row", "stop"):
        if tokens.kinds[at] in ("relation", "arrow"):
            return False
        at = tokens.partner.get(at, at) + 1
    return True
