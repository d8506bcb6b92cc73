"""`dataclass`, as the standard library has it, whose methods cost nothing before a class is used.

The standard one writes and compiles six methods for each class that is defined; the package defines some hundreds, of which a command uses half, and
that was half the time of loading. Here comparison, hash, text and refusal to change are functions that all classes share, and `__init__` is
compiled by the standard library when a first object is made. To type checkers it is the standard `dataclass`; `fields`, `replace`, `asdict` and
`is_dataclass` work.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, field, fields, make_dataclass
from dataclasses import dataclass as _standard
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, weakref_slot=False):
        """The decorator of the standard library, with the options that the package uses."""

        def made(plain):
            own = plain.__dict__.get("__init__"), "__repr__" in plain.__dict__, "__hash__" in plain.__dict__
            record = _standard(plain, init=False, repr=False, eq=False, slots=slots, weakref_slot=weakref_slot)
            if own[0] is None:
                record.__init__ = _first_init(record, frozen)
            if not own[1]:
                record.__repr__ = _repr
            if eq:
                _compared(record, frozen, own[2])
            if frozen:
                _closed(record, slots)
            return record

        return made if cls is None else made(cls)


def _first_init(record: Any, frozen: bool) -> Callable[..., None]:
    """What stands in for `__init__` until the first object is made."""

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        compiled = record.__init__ = _standard_init(record, frozen)
        compiled(self, *values, **named)

    __init__.__qualname__ = f"{record.__qualname__}.__init__"
    return __init__


def _standard_init(record: Any, frozen: bool) -> Callable[..., None]:
    ended = {"__post_init__": record.__post_init__} if hasattr(record, "__post_init__") else {}
    given = [(f.name, f.type, _again(f)) for f in fields(record)]
    model: Any = make_dataclass(record.__name__, given, namespace=ended, frozen=frozen, repr=False, eq=False)
    init: Callable[..., None] = model.__init__
    init.__qualname__ = f"{record.__qualname__}.__init__"
    return init


def _again(known: Field[Any]) -> Any:
    if known.default is not MISSING:
        return field(default=known.default, init=known.init)
    if known.default_factory is not MISSING:
        return field(default_factory=known.default_factory, init=known.init)
    return field(init=known.init)


def _compared(record: Any, frozen: bool, hashed: bool) -> None:
    """Equality by fields, for objects of one class; a hash where they cannot change."""
    values = _values([f.name for f in fields(record) if f.compare])

    def __eq__(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    if "__eq__" not in record.__dict__:
        record.__eq__ = __eq__
    if not hashed:
        record.__hash__ = __hash__ if frozen else None


def _values(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda self: (getattr(self, names[0]),)) if names else (lambda self: ())


def _closed(record: Any, slots: bool) -> None:
    """Refuses changes. Copies and pickles set the fields all the same."""
    record.__setattr__, record.__delattr__ = _unset, _undeleted
    if slots and "__getstate__" not in record.__dict__:
        record.__getstate__, record.__setstate__ = _state, _restored


def _unset(self: Any, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _undeleted(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in fields(self)]


def _restored(self: Any, state: list[Any]) -> None:
    for known, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, known.name, value)


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
    return f"{self.__class__.__qualname__}({shown})"
