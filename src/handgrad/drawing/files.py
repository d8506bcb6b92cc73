"""Files that are there as a whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

PART = ".part"


def put_whole(path: Path, text: str) -> None:
    """Writes the file; whoever looks at its name, even after an interruption, finds all of it or what was there before."""
    part = path.with_name(f".{path.name}{PART}")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text.rstrip("\n") + "\n")
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
