"""The package's `dataclass` does what the standard library's does, for every option that the package uses."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from handgrad import records

OPTIONS = [{}, {"frozen": True}, {"slots": True}, {"frozen": True, "slots": True}, {"eq": False}, {"frozen": True, "slots": True, "eq": False}]


def _made(dataclass, **options):
    @dataclass(**options)
    class Point:
        """A point."""

        x: int
        y: int = 2
        tags: list[str] = dataclasses.field(default_factory=list, compare=False)
        name: str = dataclasses.field(default="", repr=False)

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("negative")

    return Point


@pytest.mark.parametrize("options", OPTIONS)
def test_objects_are_made_shown_compared_and_copied_as_by_the_standard_library(options):
    ours, theirs = _made(records.dataclass, **options), _made(dataclasses.dataclass, **options)
    for values, named in [((1,), {}), ((1, 3), {"name": "b"}), ((), {"x": 4, "tags": ["a"]})]:
        mine, other = ours(*values, **named), theirs(*values, **named)
        assert repr(mine) == repr(other)
        assert dataclasses.asdict(mine) == dataclasses.asdict(other)
        assert (mine == ours(*values, **named)) == (other == theirs(*values, **named))
        assert mine != other and mine.tags is not ours(1).tags
        assert repr(dataclasses.replace(mine, y=7)) == repr(dataclasses.replace(other, y=7))
        assert repr(copy.copy(mine)) == repr(copy.copy(other)) and repr(copy.deepcopy(mine)) == repr(copy.deepcopy(other))
    assert (ours.__hash__ is None) == (theirs.__hash__ is None)
    assert hasattr(ours(1), "__dict__") == hasattr(theirs(1), "__dict__")
    assert ours.__match_args__ == theirs.__match_args__


@pytest.mark.parametrize("options", OPTIONS)
def test_wrong_use_is_refused_as_by_the_standard_library(options):
    for values, named, error in [((), {}, TypeError), ((1, 2, [], "", 5), {}, TypeError), ((1,), {"z": 1}, TypeError), ((-1,), {}, ValueError)]:
        for dataclass in (records.dataclass, dataclasses.dataclass):
            with pytest.raises(error):
                _made(dataclass, **options)(*values, **named)
    if options.get("frozen"):
        point = _made(records.dataclass, **options)(1)
        with pytest.raises(dataclasses.FrozenInstanceError):
            point.x = 2
        with pytest.raises(dataclasses.FrozenInstanceError):
            del point.x


@records.dataclass(frozen=True, slots=True)
class Held:
    """A class that a pickle can find again."""

    x: int
    y: tuple[int, ...] = ()


@records.dataclass(frozen=True, slots=True)
class Heir(Held):
    """A subclass with a field more."""

    z: str = "z"


def test_frozen_objects_with_slots_go_through_a_pickle_hash_alike_and_keep_what_they_inherit():
    held = Heir(1, (2, 3))
    assert pickle.loads(pickle.dumps(held)) == held and hash(held) == hash(Heir(1, (2, 3)))
    assert held != Held(1, (2, 3)) and held.z == "z" and len({held, Heir(1, (2, 3)), Heir(1)}) == 2
    assert repr(held) == "Heir(x=1, y=(2, 3), z='z')"


def test_a_method_of_the_class_itself_is_kept():
    @records.dataclass(frozen=True)
    class Named:
        """With methods of its own."""

        name: str

        def __repr__(self) -> str:
            return self.name

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 3

    assert repr(Named("a")) == "a" and Named("a") == 4 and hash(Named("a")) == 3
