"""The wheel of the kernels: handgrad writes the C of its ready functions, and a compiler makes a library of it for each level of instructions.

`HANDGRAD_KERNELS=huber,sigmoid` builds these alone.
"""

import os
from importlib.metadata import version
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

from handgrad.kernels.ready.shipping import ship

VERSION = version("handgrad")


class Compiled(build_py):
    """Beside the package the libraries."""

    def run(self) -> None:
        super().run()
        names = os.environ.get("HANDGRAD_KERNELS", "").replace(",", " ").split()
        ship(Path(self.build_lib) / "handgrad_kernels", names)


class ForAnyPython(bdist_wheel):
    """The libraries know nothing of the version of Python, but of the machine."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class OfThisMachine(Distribution):
    """A distribution with code for one kind of machine."""

    def has_ext_modules(self) -> bool:
        return True


setup(version=VERSION, install_requires=[f"handgrad=={VERSION}"], distclass=OfThisMachine, cmdclass={"build_py": Compiled, "bdist_wheel": ForAnyPython})
