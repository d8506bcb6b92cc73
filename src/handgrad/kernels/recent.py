"""What was found lately, by what it was found for."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")
MOST = 512


class Recent(dict[K, V]):
    """A dictionary that forgets all when it holds very many: calls with ever new shapes cost no memory."""

    def __setitem__(self, key: K, value: V) -> None:
        if len(self) >= MOST:
            self.clear()
        super().__setitem__(key, value)
