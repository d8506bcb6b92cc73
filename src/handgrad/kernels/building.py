"""Compiling C: which compiler there is, and libraries kept by the hash of what they are made of.

What is installed compiled is taken first, then what lies in the user's cache (`HANDGRAD_CACHE`, by default `handgrad` in `XDG_CACHE_HOME` or `~/.cache`);
only what is in neither is compiled. The compiler is that of the variable `CC`, else cc, clang or gcc, else the one of the package `ziglang`.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from handgrad.errors import HandgradError
from handgrad.kernels.installed import LEVELS, Code, found, key_of, levels

# never -ffast-math: it would take the nan, the infinities and the second words away
FLAGS = ("-O3", "-std=gnu11", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-fPIC")
LIBRARIES = ("-lm", "-pthread")
WIDE = ("-march=native", *(("-mprefer-vector-width=512",) if levels() is LEVELS else ()))


class BuildError(HandgradError):
    """C that cannot be compiled here."""

    code = "compiler"


@cache
def compiler() -> tuple[str, ...] | None:
    """The command of the C compiler, None where there is none."""
    named = os.environ.get("CC")
    if named is not None:
        words = shlex.split(named)
        return tuple(words) if words and shutil.which(words[0]) else None
    for name in ("cc", "clang", "gcc"):
        if shutil.which(name):
            return (name,)
    return (sys.executable, "-m", "ziglang", "cc") if find_spec("ziglang") else None


def cache_folder() -> Path:
    """Where libraries are kept."""
    named = os.environ.get("HANDGRAD_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handgrad"


@cache
def _identity(command: tuple[str, ...]) -> str:
    """What tells one compiler on one processor from another."""
    told = subprocess.run([*command, *WIDE, "-dM", "-E", "-x", "c", os.devnull], capture_output=True, text=True, check=False)
    return told.stdout or " ".join(command)


def compiled(source: str, name: str = "hg_run") -> Code:
    """The code of the text, which defines the name: installed, from the cache, or compiled now."""
    return found(source, name) or Code(_loaded(_library(source)))


def _library(source: str) -> Path:
    """The library compiled from the source, from the cache if it is there."""
    command = compiler()
    if command is None:
        raise BuildError("there is no C compiler on this machine", remedy="install cc, clang or the package ziglang, or compile with target='numpy'")
    made_by = sha256("\0".join((*FLAGS, *WIDE, *LIBRARIES, _identity(command))).encode()).hexdigest()[:16]
    for folder in (cache_folder(), Path(tempfile.gettempdir()) / f"handgrad-{os.getuid() if hasattr(os, 'getuid') else ''}"):
        path = folder / f"{key_of(source)}-{made_by}.so"
        if path.exists():
            return path
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make(command, source, path)
            return path
        except OSError:
            continue
    raise BuildError("no folder for compiled code can be written", remedy="set HANDGRAD_CACHE to one that can")


def _make(command: tuple[str, ...], source: str, path: Path) -> None:
    """Compiles beside the place and moves the library there at once, so that no other process finds half of it."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        text, made = Path(folder) / "kernel.c", Path(folder) / "kernel.so"
        text.write_text(source)
        run_compiler((*command, *FLAGS, *WIDE, "-shared", str(text), "-o", str(made), *LIBRARIES))
        made.replace(path)


def run_compiler(command: tuple[str, ...]) -> None:
    """Runs the compiler, and passes on what it refuses."""
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        first = next((line for line in told.stderr.splitlines() if "error" in line), told.stderr[:200])
        raise BuildError(f"the C compiler refused the code: {first}", remedy="please report the model; target='numpy' needs no compiler")


@cache
def _loaded(path: Path) -> ctypes.CDLL:
    """The library, loaded once."""
    return ctypes.CDLL(str(path))
