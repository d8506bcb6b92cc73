"""Pages of several models made into one page: the axes of each are kept apart from those of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from handgrad.axes import Model
from handgrad.document import Block, Document, Inline
from handgrad.expr import Axis, Label, Letter, Node, Reduce, Size, Slice, VectorCall
from handgrad.trees import replaced


def joined(title: Inline, documents: Iterable[Document]) -> Document:
    """One page with the blocks of all the documents, one after the other."""
    blocks: list[Block] = []
    letters: dict[Axis, tuple[str, ...]] = {}
    extents: dict[Axis, Any] = {}
    for number, document in enumerate(documents):
        prefix = f"{number}."
        blocks += [_apart(block, prefix) for block in document.blocks]
        letters |= {_moved(axis, prefix): names for axis, names in document.model.letters.items()}
        extents |= {_moved(axis, prefix): extent for axis, extent in document.model.extents.items()}
    return Document(title, tuple(blocks), Model({}, letters=letters, extents=extents))


def _moved(axis: Axis, prefix: str) -> Axis:
    return Axis(prefix + axis.tensor, axis.slot)


def _apart(value: Any, prefix: str) -> Any:
    """The block, or a part of it, with its axes moved."""
    if isinstance(value, Node):
        return _moved_tree(value, prefix)
    if isinstance(value, tuple):
        return tuple(_apart(v, prefix) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(*(_apart(getattr(value, field.name), prefix) for field in fields(value)))
    return value


def _moved_tree(tree: Node, prefix: str) -> Any:
    def change(node: Any) -> Any:
        match node:
            case Letter(name, axis):
                return Letter(name, _moved(axis, prefix))
            case Size(axis):
                return Size(_moved(axis, prefix))
            case Reduce(kind, axis, arguments):
                return Reduce(kind, _moved(axis, prefix), tuple(replaced(a, change) for a in arguments))
            case VectorCall(kind, axis, body, at):
                return VectorCall(kind, _moved(axis, prefix), replaced(body, change), replaced(at, change))
            case Slice(axis, body):
                return Slice(_moved(axis, prefix), replaced(body, change))
            case Label(entry, axis):
                return Label(replaced(entry, change), _moved(axis, prefix))
            case _:
                return None

    return replaced(tree, change)
