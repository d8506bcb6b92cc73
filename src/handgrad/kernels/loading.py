"""Modules from generated text, by a loader of the import system: what is written is what runs, and a traceback shows its lines."""

from __future__ import annotations

import linecache
import sys
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from itertools import count
from types import CodeType, ModuleType

from handgrad.records import dataclass

_serial = count(1)


@dataclass
class Generated(InspectLoader):
    """The loader of one generated text."""

    source: str
    path: str

    def get_code(self, fullname: str) -> CodeType:
        """The text, compiled, under the name by which a traceback finds its lines."""
        return self.source_to_code(self.source, self.path)

    def get_source(self, fullname: str) -> str:
        """The text, which a traceback asks for."""
        return self.source

    def is_package(self, fullname: str) -> bool:
        """It is a plain module."""
        return False


def module_of(source: str, title: str) -> ModuleType:
    """The module that the text is, under a name of its own. `title` says in a traceback what it computes."""
    name = f"handgrad_{title}_{next(_serial)}"
    loader = Generated(source, f"{name}.py")
    module = module_from_spec(ModuleSpec(name, loader, origin=loader.path))
    loader.exec_module(module)
    sys.modules[name] = module                      # what traces code looks modules up by their names
    linecache.lazycache(loader.path, module.__dict__)
    return module
