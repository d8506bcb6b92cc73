"""Text in columns: widths, line breaking of formulas and prose, braces over several lines, ASCII in place of signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from handgrad.rendering.style import CLOSE, IF, NEXT, OPEN, Style, flat

KEEP = "\ue010"      # a space inside a formula in running text
# where a formula is broken, the best first; the sign begins the next line
BREAKS = ((" = ", " ≈ ", "; ", " else "), (" + ", " − ", " - "), (" · ", " * ", " ∘ ", " ⊗ ", " .* ", " (x) "), (" / ", " if "), (" ",))
DEEPER, EMPTY, HELD = 6, 12, 9      # what counts against a place: each bracket around it, a line less than a third full, a sum that would end the line
HOLDS = re.compile(r"(?:[ΣΠ]\S*|log|[({+−·/*-]|if)$")
IN_ASCII = {
    "−": "-", "–": "-", "—": "-", "·": "*", "×": "x", "∂": "d", "∇": "grad ", "Σ": "sum ", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~=", "∈": "in", "∞": "inf",
    "√": "sqrt", "′": "'", "’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "→": "->", "✓": "ok", "✗": "XX", "δ": "delta", "σ": "sigma", "ε": "epsilon",
    "π": "pi", "θ": "theta", "λ": "lambda", "μ": "mu", "β": "beta", "α": "alpha", "γ": "gamma", "½": "1/2",
    "─": "-", "┄": "-", "┤": "|", "‖": "||", "ℝ": "R", "∘": ".*", "⊗": "(x)", "ᵀ": "^T",
}  # fmt: skip


def width(text: str) -> int:
    """How many columns the text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, columns: int) -> str:
    """The text with spaces after it up to the columns."""
    return text + " " * (columns - width(text))


def in_ascii(text: str) -> str:
    """The text with every sign outside ASCII replaced by what a keyboard has."""
    return "".join(c if c.isascii() else _sign_in_ascii(c) for c in text)


def _sign_in_ascii(sign: str) -> str:
    if sign in IN_ASCII:
        return IN_ASCII[sign]
    if "①" <= sign <= "⑳":
        return f"({ord(sign) - ord('①') + 1})"
    if "\u2800" <= sign <= "\u28ff":
        return " " if sign == "\u2800" else "*"
    plain = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return plain or ("" if unicodedata.combining(sign) else "?")


# ---------------------------------------------------------------- breaking


def broken(formula: str, room: int) -> list[str]:
    """The formula in lines of at most `room` columns, broken at the outermost sign that leaves a line reasonably full."""
    lines = []
    while width(formula) > room:
        cut = _cut(formula, room)
        lines.append(formula[:cut].rstrip())
        formula = formula[cut:].lstrip()
    return [line.replace(KEEP, " ") for line in (*lines, formula)]


def in_line(printed: str, style: Style) -> str:
    """The printed formula with its cases set in the line, the spaces of their conditions held together."""
    held = re.sub(f"{IF}((?:(?! else )[^{OPEN}{NEXT}{CLOSE}])*)", lambda condition: f" if{KEEP}" + condition[1].replace(" ", KEEP), printed)
    return flat(held.replace(f" else{CLOSE}", f"{KEEP}else{CLOSE}"), style)


def _cut(formula: str, room: int) -> int:
    """Where the first line ends: at the sign that has the least against it."""
    best, cost = _fitting(formula, room), 1000
    depth = columns = 0
    for place, sign in enumerate(formula):
        if columns > room:
            break
        if place and (sign == " " or (sign == "*" and formula[place - 1] not in " .")):
            rank = next((r for r, signs in enumerate(BREAKS) if formula.startswith(signs, place)), len(BREAKS))
            price = DEEPER * depth + rank + (0 if 3 * columns > room else EMPTY) + (HELD if HOLDS.search(formula[max(0, place - 9) : place]) else 0)
            if price <= cost and formula[:place].strip():
                best, cost = place, price
        depth += _turn(sign, formula[place - 1] if place else " ")
        columns += width(sign)
    return best


def _turn(sign: str, before: str) -> int:
    """How much deeper the sign leads; a bar opens where nothing stands before it."""
    if sign in "|‖":
        return 1 if before in " (/" else -1
    return (sign in "([{") - (sign in ")]}")


def _fitting(text: str, room: int) -> int:
    """How many characters fit into the room; at least one."""
    columns = 0
    for place, sign in enumerate(text):
        columns += width(sign)
        if columns > room and place:
            return place
    return len(text)


def filled(text: str, room: int) -> list[str]:
    """Prose in lines of at most `room` columns; formulas in it, whose spaces are `KEEP`, are broken only if they must be."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(lines[-1]) + 1 + width(word) <= room:
            lines[-1] += " " + word
        else:
            lines += broken(word.replace(KEEP, " "), room) if width(word) > room else [word]
    return [line.replace(KEEP, " ") for line in lines]


# ---------------------------------------------------------------- cases under a brace


def stacked(printed: str, room: int) -> list[str] | None:
    """The printed formula with its outermost cases under braces over several lines; None if there are none or they do not fit."""
    if OPEN not in printed:
        return None
    rows: list[str] = []
    while OPEN in printed:
        before, _, rest = printed.partition(OPEN)
        end = _matching(rest)
        rows = beside(rows, [flat(before)])
        printed = rest[end + 1 :]
        followed = not re.fullmatch(r"\)*", printed)
        rows = beside(rows, _braced(rest[:end], followed))
    rows = beside(rows, [printed]) if printed else rows
    return [row.rstrip() for row in rows] if max(map(width, rows)) <= room else None


def _matching(rest: str) -> int:
    depth = 0
    for place, sign in enumerate(rest):
        if sign == CLOSE and depth == 0:
            return place
        depth += (sign == OPEN) - (sign == CLOSE)
    return len(rest)


def _apart(text: str, sign: str) -> list[str]:
    """The text at the signs that stand in no inner cases."""
    found, depth, start = [], 0, 0
    for place, c in enumerate(text):
        if c == sign and depth == 0:
            found.append(text[start:place])
            start = place + 1
        depth += (c == OPEN) - (c == CLOSE)
    return [*found, text[start:]]


def _braced(inside: str, followed: bool) -> list[str]:
    """The branches right of a brace; with a closing brace where something follows."""
    pairs = [_apart(branch, IF) for branch in _apart(inside, NEXT)]
    values = [flat(pair[0].removesuffix(" else")) for pair in pairs]
    conditions = [f"if {flat(pair[1])}" if len(pair) > 1 else "otherwise" for pair in pairs]
    columns = max(map(width, values))
    rows = [f"{padded(value, columns)}   {condition}" for value, condition in zip(values, conditions, strict=True)]
    if len(rows) % 2 == 0:
        rows.insert(len(rows) // 2, "")
    middle = len(rows) // 2
    opening, closing = ("⎧⎨⎩⎪", "⎫⎬⎭⎪")
    places = [0 if n == 0 else 2 if n == len(rows) - 1 else 1 if n == middle else 3 for n in range(len(rows))]
    across = max(map(width, rows))
    return [f"{opening[p]} {padded(row, across)} {closing[p]}" if followed else f"{opening[p]} {row}" for p, row in zip(places, rows, strict=True)]


def beside(left: Sequence[str], right: Sequence[str]) -> list[str]:
    """Two blocks of text side by side, their middle lines level."""
    base = max(len(left) // 2, len(right) // 2)
    height = base + max(len(rows) - len(rows) // 2 for rows in (left, right))
    columns = max(map(width, left), default=0)

    def level(rows: Sequence[str]) -> list[str]:
        above = base - len(rows) // 2
        return [""] * above + list(rows) + [""] * (height - len(rows) - above)

    return [padded(a, columns) + b for a, b in zip(level(left), level(right), strict=True)]
