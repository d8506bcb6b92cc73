"""Files that are there as a whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

PART = ".part"


def put_whole(path: Path, content: str | bytes) -> None:
    """Writes the file; whoever looks at its name, even after an interruption, finds all of it or what was there before."""
    part = path.with_name(f".{path.name}{PART}")
    try:
        part.write_bytes(content if isinstance(content, bytes) else (content.rstrip("\n") + "\n").encode())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
