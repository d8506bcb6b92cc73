"""The kernels that `handgrad-kernels` ships: what the ready functions ask for, as C, compiled into one library for each level of instructions.

Of each entry the value, and value and gradient by its first argument, in both types; of a loss for each reduction, without and with weights, with targets
and with labels where it takes them; of an activation without and with a cotangent. What runs over classes is there for any number of them, and, faster, for
2, 3 and 10.

    ship(Path("handgrad_kernels"), ("sigmoid", "tanh"))            # baseline.so, v3.so, v4.so
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import get_args

from handgrad.catalogue import CatalogueEntry, entries
from handgrad.errors import HandgradError
from handgrad.kernels.building import FLAGS, LIBRARIES, BuildError, compiler, run_compiler
from handgrad.kernels.installed import ENDING, Level, key_of, levels
from handgrad.kernels.ready.programs import program
from handgrad.kernels.ready.wording import Plan, Reduction, along_axis
from handgrad.kernels.target import DType, Options
from handgrad.kernels.targets.c import emit, fitted

CLASSES = (2, 3, 10)                        # how many there are, most often; what is weighted is not made for them
STRIPPED = ("-Wl,--strip-all",) if sys.platform == "linux" else ()


def plans(entry: CatalogueEntry) -> Iterator[Plan]:
    """What the ready function of the entry asks for when it is given arrays, and parameters as numbers."""
    parameters = entry.function.parameters
    by = parameters[:1]
    if entry.kind == "activation":
        yield from (Plan(by), Plan(by, by), Plan(by, by, cotangent=True))
        return
    each = parameters[:2]
    labels = (False, True) if len(along_axis(entry)) > 1 else (False,)
    for reduction, named, by_label, weighted in product(get_args(Reduction), ((), by), labels, (False, True)):
        yield Plan(each, named, reduction, by_label, weighted)


def texts(names: Iterable[str] = ()) -> Mapping[str, str]:
    """The C of the entries of these names, by default of all, by key; and what makes functions of Python of it, where that can be done."""
    wanted = tuple(names)
    known = {entry.name: entry for entry in (*entries("loss"), *entries("activation"))}
    for name in wanted:
        if name not in known:
            raise HandgradError(f"no entry {name[:40]!r}", remedy=f"there are {', '.join(known)}")
    found = [text for name in wanted or known for plan in plans(known[name]) for text in _of_plan(known[name], plan)]
    if sys.platform == "linux":
        found.append((files("handgrad.kernels") / "calling.c").read_text())
    return {key_of(text): text for text in found}


def _of_plan(entry: CatalogueEntry, plan: Plan) -> Iterator[str]:
    """The texts of a plan: for all sizes, and for few classes."""
    made = program(entry, plan)
    dtypes: tuple[DType, ...] = get_args(DType)
    for options in map(Options, dtypes):
        yield emit(made, options)
        if along_axis(entry) and not plan.weighted:
            axis = made.inputs[0].axes[-1]
            yield from (fitted(made, options, {axis: classes}) for classes in CLASSES)


def ship(folder: Path, names: Iterable[str] = ()) -> list[Path]:
    """Writes the libraries of all levels to the folder."""
    command = compiler()
    if command is None:
        raise BuildError("there is no C compiler on this machine", remedy="install cc, clang or the package ziglang")
    folder.mkdir(parents=True, exist_ok=True)
    sources = texts(names)
    return [_shipped(command, folder, level, sources) for level in levels()]


def _shipped(command: tuple[str, ...], folder: Path, level: Level, sources: Mapping[str, str]) -> Path:
    """The library of a level: all texts, and in the lowest one what tells the level of a processor."""
    path = folder / f"{level.name}{ENDING}"
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(os.cpu_count()) as workers:
        objects = list(workers.map(partial(_object, command, level, Path(place)), sources.items()))
        if level.number == 0:
            objects.append(_object(command, level, Path(place), ("", (files("handgrad.kernels") / "levels.c").read_text())))
        listed = Path(place) / "objects"                # more than fit on a command line
        listed.write_text("\n".join(f'"{made.as_posix()}"' for made in objects))
        run_compiler((*command, "-shared", f"@{listed}", "-o", str(path), *LIBRARIES, *STRIPPED))
    return path


def _object(command: tuple[str, ...], level: Level, place: Path, keyed: tuple[str, str]) -> Path:
    """One text compiled; what it defines for others has the key at the end of its name."""
    key, source = keyed
    text, made = place / f"{key or 'level'}.c", place / f"{key or 'level'}.o"
    text.write_text(source)
    renamed = tuple(f"-D{name}={name}_{key}" for name in ("hg_run", "hg_method") if key)
    run_compiler((*command, *FLAGS, *level.flags, *renamed, "-c", str(text), "-o", str(made)))
    return made
