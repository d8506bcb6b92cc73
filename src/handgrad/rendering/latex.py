"""A page as a complete LaTeX document for pdflatex: chains in `alignat*`, results in `\\boxed`, all text escaped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from handgrad.document import (
    Block,
    Chain,
    Code,
    Details,
    Document,
    Figure,
    Formula,
    Heading,
    Inline,
    Inset,
    Ledger,
    Line,
    Matrices,
    Matrix,
    Note,
    Options,
    Paragraph,
    Reference,
    Table,
    Tally,
    Typeset,
    section_of,
    spans,
)
from handgrad.records import dataclass
from handgrad.rendering import names
from handgrad.rendering.ledgers import unfolded
from handgrad.rendering.shape import Context, scopes
from handgrad.rendering.tex import ESCAPES, GREEK, RELATIONS, pieces, seen, tex

PREAMBLE = r"""\documentclass[11pt,fleqn]{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb}
\usepackage[a4paper,margin=25mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\setcounter{MaxMatrixCols}{64}
\allowdisplaybreaks
\begin{document}
"""
MARKS = {"✓": r"$\checkmark$", "✗": r"$\times$", "~": r"$\sim$", "?": r"\textbf{?}", "!": r"\textbf{!}"}
SIGNS = {
    "−": "$-$", "–": r"\textendash{}", "—": r"\textemdash{}", "·": r"$\cdot$", "×": r"$\times$", "∂": r"$\partial$", "∇": r"$\nabla$",
    "Σ": r"$\Sigma$", "≤": r"$\le$", "≥": r"$\ge$",
    "≠": r"$\neq$", "≈": r"$\approx$", "∈": r"$\in$", "∞": r"$\infty$", "√": r"$\surd$", "′": r"$'$", "’": "'", "‘": "`", "“": "``", "”": "''", "…": r"\dots{}",
    "→": r"$\to$", "½": r"$\frac12$", "ℝ": r"$\mathbb{R}$", "∘": r"$\circ$", "⊗": r"$\otimes$", "\u00a0": "~", "°": r"$^\circ$", "±": r"$\pm$",
}  # fmt: skip
BESIDE = 54      # how many signs a formula and its reason may have on one line
DEEPEST = 4      # LaTeX nests at most six lists


def render(document: Document, options: Options) -> str:
    """The document in LaTeX."""
    return PREAMBLE + fragment(document) + "\\end{document}\n"


def fragment(document: Document) -> str:
    """The document without what stands around it."""
    context = Context(document.model)
    title = rf"{{\Large\bfseries {inline(document.title, context)}\par}}" + "\n\n" if document.title else ""
    return title + blocks(document.blocks, context, 0)


def plain(text: str) -> str:
    """Text as LaTeX prints it, letter by letter; what LaTeX cannot print becomes a question mark."""
    return "".join(_sign(c) for c in text).replace("--", "-{}-")


def _sign(c: str) -> str:
    if c.isascii():
        return ESCAPES.get(c, c if c.isprintable() or c in "\n\t" else "?")
    if c in SIGNS:
        return SIGNS[c]
    if c in GREEK:
        return rf"$\{GREEK[c]}$"
    if "①" <= c <= "⑳":
        return rf"\textcircled{{\scriptsize {ord(c) - ord('①') + 1}}}"
    for table, mark in ((names.SUBSCRIPTS, "_"), (names.SUPERSCRIPTS, "^")):
        for key, sign in table.items():
            if sign == c:
                return f"${mark}{{{key.replace('−', '-')}}}$"
    if "\u00c0" <= c <= "\u017e":
        return c
    return "".join(ESCAPES.get(a, a) for a in unicodedata.normalize("NFKD", c) if a.isascii() and a.isprintable()) or "?"


def inline(parts: Inline, context: Context) -> str:
    """Running text with its formulas."""
    return "".join(_part(part, context, _running, "$", "$") for part in parts)


def _running(text: str) -> str:
    """Text of a paragraph, in which a wide gap stays wide."""
    return re.sub(" {2,}", r" \\quad ", plain(text))


def _part(part: str | Formula | Typeset | Reference, context: Context, escape: Callable[[str], str], before: str, after: str) -> str:
    match part:
        case str():
            return _words(part, escape)
        case Reference(text):
            return escape(text)
        case Typeset(_, shown, _):
            return before + shown + after
        case _:
            return before + tex(part, context) + after


def _words(text: str, escape: Callable[[str], str]) -> str:
    return "".join(rf"\texttt{{{escape(piece)}}}" if is_code else escape(piece) for piece, is_code in spans(text))


def prose(parts: Inline, context: Context, escape: Callable[[str], str]) -> str:
    """Running text inside a formula."""
    return "".join(_part(part, context, lambda words: rf"\text{{{escape(words)}}}", "{", "}") for part in parts if part != "")


# ---------------------------------------------------------------- chains


def side(value: Formula | str | None, context: Context, escape: Callable[[str], str]) -> str:
    """One side of a line; a number as it is shown stays a number."""
    if value is None or isinstance(value, str):
        return number(value or "", escape)
    return tex(value, context)


def number(text: str, escape: Callable[[str], str]) -> str:
    """A number as it is shown, in mathematics; any other text as text."""
    if all(names.is_shown(part) for part in text.split(" ≈ ")):
        return text.replace("−", "-").replace("≈", r"\approx").replace("…", r"{\ldots}")
    return rf"\text{{{escape(text)}}}" if text else ""


@dataclass(frozen=True, slots=True)
class Written:
    """A line of a chain in LaTeX: its right side in as many rows as it takes."""

    line: Line
    lead: str
    left: str
    right: list[str]
    reason: str

    @property
    def columns(self) -> int:
        """About how many signs its formula takes."""
        return seen(self.lead) + seen(self.left) + max(map(seen, self.right))


def _written(line: Line, context: Context, escape: Callable[[str], str]) -> Written:
    is_formula = line.right is not None and not isinstance(line.right, str)
    right = pieces(line.right, context) if is_formula else [side(line.right, context, escape)]  # type: ignore[arg-type]
    if line.right is not None:
        right[0] = f"{RELATIONS.get(line.relation, '')} {right[0]}"
    return Written(line, prose(line.lead, context, escape), side(line.left, context, escape), right, prose(line.reason, context, escape))


def rows(lines: tuple[Line, ...], contexts: tuple[Context, ...], before: str, escape: Callable[[str], str]) -> list[str]:
    """The rows of an `alignat`: lead if there is one, both sides, reasons in a column of their own, behind the formula or below it.

    `before` is the left side of the line above.
    """
    written = [_written(line, context, escape) for line, context in zip(lines, contexts, strict=True)]
    leads = any(line.lead for line in lines)
    beside = max(one.columns for one in written) + max(seen(one.reason) for one in written) <= BESIDE
    found: list[str] = []
    for one in written:
        start = f" & {one.lead} \\quad & " if leads else ""
        if one.line.boxed:
            found.append(rf"{start}{phantom(before)} & \boxed{{{_result(one)}}}")
        else:
            found.append(f"{start}{one.left or phantom(before)} & {one.right[0]}".rstrip())
            found += [f"{' & & ' if leads else ''} & {piece}" for piece in one.right[1:]]
        if one.reason and beside:
            found[-1] += rf" & & \quad {one.reason}"
        elif one.reason and one.columns + seen(one.reason) <= BESIDE:
            found[-1] += rf" \qquad {one.reason}"
        elif one.reason:
            found.append(rf"{' & & ' if leads else ''} & \qquad {one.reason}")
        if one.line.label:
            found[-1] += rf" \tag*{{{escape(one.line.label)}}}"
        before = one.left or before
    return found


def _result(one: Written) -> str:
    if len(one.right) == 1:
        return f"{one.left} {one.right[0]}"
    return rf"\begin{{aligned}} {one.left} & " + r" \\ & ".join(one.right) + r" \end{aligned}"


def phantom(left: str) -> str:
    """Nothing, as wide as the left side of the line above."""
    return rf"\phantom{{{left}}}" if left else ""


def parts_of(chain: Chain, context: Context) -> list[Inset | tuple[tuple[Line, ...], tuple[Context, ...]]]:
    """The chain as insets and as stretches of lines between them, each line with its context."""
    found: list[Inset | tuple[tuple[Line, ...], tuple[Context, ...]]] = []
    for item, scope in zip(chain.lines, scopes(chain), strict=True):
        if isinstance(item, Inset):
            found.append(item)
            continue
        lines, contexts = found.pop() if found and not isinstance(found[-1], Inset) else ((), ())  # type: ignore[misc]
        found.append(((*lines, item), (*contexts, replace(context, scope=scope))))
    return found


def _chain(chain: Chain, context: Context, depth: int) -> str:
    shown, before = "", ""
    for part in parts_of(chain, context):
        if isinstance(part, Inset):
            shown += _block(part, context, depth)
            continue
        lines, contexts = part
        pairs = 3 if any(line.lead for line in lines) else 2
        shown += f"\\begin{{alignat*}}{{{pairs}}}\n" + " \\\\\n".join(rows(lines, contexts, before, plain)) + "\n\\end{alignat*}\n\n"
        lefts = [side(line.left, context, plain) for line in lines if line.left is not None]
        before = lefts[-1] if lefts else before
    return shown


# ---------------------------------------------------------------- blocks


def blocks(found: tuple[Block, ...], context: Context, depth: int) -> str:
    """The blocks one after the other."""
    return "".join(_block(block, context, depth) for block in found)


def _block(block: Block, context: Context, depth: int) -> str:
    match block:
        case Heading(text, level, aside):
            command = "section" if level == 1 else "subsection" if level == 2 else "subsubsection"
            right = rf" \hfill {{\normalsize {inline(aside, context)}}}" if aside else ""
            return rf"\{command}*{{{inline(text, context)}{right}}}" + "\n\n"
        case Paragraph(text):
            return inline(text, context) + "\n\n"
        case Note(text, mark):
            return f"{MARKS.get(mark, plain(mark))} {inline(text, context)}".lstrip() + "\n\n"
        case Chain():
            return _chain(block, context, depth)
        case Inset(inner):
            return _inset(inner, context, depth)
        case Details(title, inner):
            return rf"\textit{{{inline(title, context)}}}" + "\n\n" + _inset(inner, context, depth)
        case Table():
            return _table(block, context)
        case Matrix():
            return _matrices((block,), context)
        case Matrices(items):
            return _matrices(items, context)
        case Figure(_, alt, _):
            return rf"\textit{{({plain(alt)})}}" + "\n\n"
        case Code(text, _):
            lines = (plain(line).replace(" ", r"\ ") or r"\ " for line in text.splitlines())
            return r"{\ttfamily " + "\\\\\n".join(lines) + "}\n\n"
        case Tally() | Ledger():
            return blocks(unfolded(block), context, depth)
        case Document():
            return blocks(section_of(block), Context(block.model), depth)
        case _:
            assert_never(block)


def _matrices(items: tuple[Matrix, ...], context: Context) -> str:
    """Matrices side by side, as many as fit on a line."""
    return "\\hskip2em plus1em\n".join(rf"$\displaystyle {matrix(item, context, plain)}$" for item in items) + "\n\n"


def _inset(inner: tuple[Block, ...], context: Context, depth: int) -> str:
    shown = blocks(inner, context, depth + 1)
    return shown if depth >= DEEPEST else "\\begin{quote}\n" + shown + "\\end{quote}\n\n"


def _table(table: Table, context: Context) -> str:
    columns = max(len(row) for row in (table.header, *table.rows))
    lines = [" & ".join(inline(cell, context) for cell in row) + r" \\" for row in table.rows]
    header = [" & ".join(inline(cell, context) for cell in table.header) + r" \\ \hline"] if any(table.header) else []
    return f"\\begin{{tabular}}{{{table.alignment.ljust(columns, 'l')}}}\n" + "\n".join(header + lines) + "\n\\end{tabular}\n\n"


def matrix(found: Matrix, context: Context, escape: Callable[[str], str]) -> str:
    """The matrix with what stands in front of it."""
    columns = max((len(row) for row in found.rows), default=1)
    cells = r" \\ ".join(" & ".join(number(cell, escape) for cell in row) for row in found.rows)
    lead = "".join(_lead(part, context, escape) for part in found.lead)
    return rf"{lead} \left(\begin{{array}}{{{'r' * columns}}} {cells} \end{{array}}\right)"


SAID = {"∇": r"\nabla ", "∇²": r"\nabla^{2} ", "=": " ="}


def _lead(part: str | Formula | Typeset | Reference, context: Context, escape: Callable[[str], str]) -> str:
    """A part of what stands in front of a matrix; the signs in it are mathematics."""
    if not isinstance(part, str):
        return prose((part,), context, escape)
    return "".join(SAID.get(piece) or rf"\text{{{escape(piece)}}}" for piece in re.split("(∇²?|=)", part) if piece.strip())
