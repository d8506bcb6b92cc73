"""The distribution of compiled kernels: built for a few entries, installed in a folder, and used where nothing can be compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from handgrad.catalogue import entry
from handgrad.kernels.building import compiler
from handgrad.kernels.installed import levels
from handgrad.kernels.ready.shipping import plans, texts

ROOT = Path(__file__).parents[1]
FEW, MORE = ("sigmoid",), ("huber", "softmax", "softmax_cross_entropy")

# what a process computes, as bits, and how: whether it has a compiler, and the targets of its kernels
RUN = """
import sys
import numpy as np
from handgrad import activations, losses
from handgrad.kernels import building
from handgrad.kernels.installed import levels
from handgrad.kernels.ready import calling

names, fresh = sys.argv[1].split(","), sys.argv[2:]
if fresh:                                   # compiled here and now, for this level
    calling.PAYS = 0
    building.WIDE = next(level.flags for level in levels() if level.name == fresh[0])
print("compiler", building.compiler(), file=sys.stderr)
rng = np.random.default_rng(0)
functions = [getattr(losses if hasattr(losses, name) else activations, name) for name in names]
for dtype in ("float32", "float64"):
    x, y = rng.normal(size=(2, 40_000)).astype(dtype)*3
    rows, labels = [x.reshape(-1, k) for k in (10, 50)], [np.arange(40_000//k) % k for k in (10, 50)]
    given = {"sigmoid": [(x,)], "softmax": [(a,) for a in rows], "huber": [(x, y)], "softmax_cross_entropy": list(zip(rows, labels))}
    for f in functions:
        for arguments in given[f.__name__]:
            value, slope = f.value_and_grad(*arguments)
            print(np.asarray(value, dtype).tobytes().hex()[:400], slope.tobytes().hex()[-400:], hash(slope.tobytes()))
if "softmax" in names:                      # of seven classes, for which no code is made apart
    few = activations.softmax([[0.0, np.log(2.0), 0.0, np.log(4.0), -np.inf, -np.inf, -np.inf]])
    assert np.allclose(8*few, [[1, 2, 1, 4, 0, 0, 0]]), few
print({kernel.target.name for f in functions for kernel in f.calls.kernels.values()}, file=sys.stderr)
"""


@dataclass(frozen=True)
class Answer:
    """What a process computed, and what it said of how."""

    bits: str
    how: str


def hidden(*folders: Path) -> dict[str, str]:
    """An environment in which no compiler is found, and packages are in these folders too."""
    return {"PATH": "", "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", *folders))), **({"CC": ""} if find_spec("ziglang") else {})}


@dataclass(frozen=True)
class Installed:
    """The folder that a wheel is installed in, and the entries that it has."""

    folder: Path
    names: tuple[str, ...]

    def run(self, *arguments: str, **environment: str) -> Answer:
        """The answers of a process that begins with an empty cache."""
        shutil.rmtree(self.folder / "cache", ignore_errors=True)
        kept = {name: value for name, value in os.environ.items() if name not in ("CC", "HANDGRAD_CACHE", "HANDGRAD_LEVEL")}
        told = {**kept, "XDG_CACHE_HOME": str(self.folder / "cache"), "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT / "src"), **environment}
        command = [sys.executable, "-c", RUN, ",".join(self.names), *arguments]
        done = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return Answer(done.stdout, done.stderr)


@pytest.fixture(scope="module", params=[FEW, pytest.param(MORE, marks=pytest.mark.nightly)], ids="-".join)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of a few entries, built and installed."""
    if compiler() is None:
        pytest.skip("no C compiler on this machine")
    if find_spec("setuptools") is None or find_spec("setuptools.command.bdist_wheel") is None:
        pytest.skip("setuptools 77 or later builds the wheel: pip install 'handgrad[test]'")
    folder = tmp_path_factory.mktemp("kernels")
    shutil.copytree(ROOT / "compiled", folder / "compiled", ignore=shutil.ignore_patterns("build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    built = {**os.environ, "HANDGRAD_KERNELS": ",".join(request.param), "PYTHONPATH": str(ROOT / "src")}
    offline = ["--no-deps", "--no-index"]
    subprocess.run([*pip, "wheel", "--no-build-isolation", *offline, "-w", str(folder), str(folder / "compiled")], check=True, env=built)
    subprocess.run([*pip, "install", *offline, "--target", str(folder / "site"), *map(str, folder.glob("*.whl"))], check=True)
    return Installed(folder, request.param)


def has(name: str, folder: Path) -> bool:
    """Whether the processor has the level: a library that asks for more is not taken."""
    asked = "from handgrad.kernels.installed import library; print(library()._name)"
    done = subprocess.run([sys.executable, "-c", asked], env={**os.environ, **hidden(folder / "site"), "HANDGRAD_LEVEL": name}, capture_output=True, text=True,
                          check=True)
    return Path(done.stdout.strip()).stem == name


@pytest.mark.parametrize("name", [level.name for level in levels()])
def test_installed_kernels_run_without_a_compiler_with_the_bits_of_those_compiled_here(name: str, installed: Installed) -> None:
    if not has(name, installed.folder):
        pytest.skip(f"the processor has no level {name}")
    found = installed.run(HANDGRAD_LEVEL=name, **hidden(installed.folder / "site"))
    assert found.how == "compiler None\n{'c'}\n"
    assert not (installed.folder / "cache").exists()
    assert found.bits == installed.run(name).bits


def test_without_compiler_and_kernels_numpy_answers(installed: Installed) -> None:
    assert installed.run(**hidden()).how == "compiler None\n{'numpy'}\n"


def test_kernels_of_another_version_are_not_taken(installed: Installed, tmp_path: Path) -> None:
    shutil.copytree(installed.folder / "site" / "handgrad_kernels", tmp_path / "handgrad_kernels")
    (tmp_path / "handgrad_kernels" / "__init__.py").write_text('__version__ = "0.0.1"\n')
    assert installed.run(**hidden(tmp_path)).how == "compiler None\n{'numpy'}\n"


def test_a_level_that_does_not_exist_is_refused(installed: Installed) -> None:
    with pytest.raises(AssertionError, match="HANDGRAD_LEVEL = 'v9' is no level of this machine"):
        installed.run(HANDGRAD_LEVEL="v9", **hidden(installed.folder / "site"))


@pytest.mark.parametrize("name", (*FEW, *MORE))
def test_code_is_made_for_each_kind_of_call_once(name: str) -> None:
    found = entry(name)
    assert found is not None
    asked = list(plans(found))
    assert len(set(asked)) == len(asked)
    assert len(texts((name,))) >= 2*len(asked)
