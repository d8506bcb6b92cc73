"""Numbers drawn for somebody: each a function of the seed, the id, the quantity, the index and the attempt, and of nothing else.

A number is a hash of these five, so it is the same on every machine, in every order of drawing and whoever else is drawn for. The grid
of a quantity is all decimals of its range with so many places, or the values listed for it, each as likely as any other.
"""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import blake2b

from handgrad.records import dataclass

HASH_BYTES = 64         # 512 bits: the remainder by a grid of 10^18 numbers is even to 2^-450
PURPOSE, RANK = b"handgrad draw 1", b"handgrad rank 1"


@dataclass(frozen=True, slots=True)
class Decimals:
    """The decimals from `least` to `most`, counted in units of the last of `places` places."""

    least: int
    most: int
    places: int

    @property
    def count(self) -> int:
        """How many they are."""
        return self.most - self.least + 1

    def number(self, position: int) -> str:
        """The decimal at the position, written with all its places."""
        return spelled(self.least + position, self.places)


@dataclass(frozen=True, slots=True)
class Choice:
    """Numbers that are listed, as they are written."""

    values: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.values)

    def number(self, position: int) -> str:
        """The number at the position."""
        return self.values[position]


Grid = Decimals | Choice


@dataclass(frozen=True, slots=True)
class Drawing:
    """Whom numbers are drawn for, and at which attempt."""

    seed: int
    id: str
    attempt: int = 0

    @property
    def rank(self) -> bytes:
        """The place of the id among all ids: of two who draw the same numbers, the lower rank keeps them."""
        return blake2b(json.dumps([self.seed, self.id], separators=(",", ":")).encode("ascii"), digest_size=HASH_BYTES, person=RANK).digest()

    def number(self, quantity: str, index: tuple[int, ...], grid: Grid) -> str:
        """The number of the grid that is drawn for this entry of the quantity."""
        asked = json.dumps([self.seed, self.id, quantity, list(index), self.attempt], separators=(",", ":"))
        drawn = blake2b(asked.encode("ascii"), digest_size=HASH_BYTES, person=PURPOSE).digest()
        return grid.number(int.from_bytes(drawn, "big") % grid.count)


def within(low: Decimal, high: Decimal, places: int) -> Decimals:
    """All decimals with so many places from `low` to `high`, both included."""
    unit = Decimal(10) ** places
    return Decimals(int((low * unit).to_integral_value("ROUND_CEILING")), int((high * unit).to_integral_value("ROUND_FLOOR")), places)


def spelled(units: int, places: int) -> str:
    """So many units of the last place, as a decimal: 5 units of 2 places are 0.05."""
    digits = str(abs(units)).rjust(places + 1, "0")
    whole, rest = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if units < 0 else "") + whole + ("." + rest if rest else "")
