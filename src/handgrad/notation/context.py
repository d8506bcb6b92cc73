"""Formulas read in the context of a model: its names, its axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handgrad.axes import Model, letter_for
from handgrad.errors import NotationError
from handgrad.expr import Axis, Condition, Entry, Expr, Letter
from handgrad.notation.atoms import Parser
from handgrad.notation.checking import checked
from handgrad.notation.cursor import Binding, Setting, Sight, Signature
from handgrad.notation.facts import ended, fact, free_letters
from handgrad.notation.lexer import LIMITS, Limits, lines, tokens
from handgrad.notation.operators import COMPARISONS
from handgrad.notation.resolution import Axes, Place, final_names, settled
from handgrad.notation.signatures import known


def _parser(text: str, model: Model, letters: Mapping[str, Axis], new: bool, functions: Mapping[str, Signature], limits: Limits) -> Parser:
    text = text.strip("\n")
    rows = lines(text, limits)
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
    ended(parser)
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
    return _closed(parser, fact(parser))  # type: ignore[no-any-return]


def read_equation(text: str, model: Model, letters: Mapping[str, Axis] = {}, new: bool = False,
                  functions: Mapping[str, Signature] = known, limits: Limits = LIMITS) -> tuple[Expr, Expr]:
    """Both sides of `left = right`, with the same letters: the statement of a rule."""
    parser = _parser(text, model, letters, new, functions, limits)
    left = parser.value()
    parser.expect("=", "between the sides")
    right = parser.value()
    ended(parser)
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
