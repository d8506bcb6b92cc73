"""The command line: the first word names a command, and only that command's module is loaded.

Every command is a module of `handgrad.commands` with a function `run(arguments) -> exit status`.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from handgrad.errors import HandgradError

COMMANDS = {
    "derive": "a gradient, step by step, of a model or of an entry of the catalogue",
    "work": "the numbers of a problem file: formula, substitution, value; by hand or certified",
    "check": "somebody's worked page: what holds, what is rounding, what slipped, which slip",
    "draw": "an own set of numbers for each student, from a template",
    "emit": "code of a value and its gradients: C, numpy, torch, jax",
    "explain": "a kind of slip: what it looks like, why it is wrong, when it is none",
    "same": "whether two formulas are the same, with the point where they differ",
    "catalogue": "what is built in: definition, derivative, kinks, plot",
    "certificate": "re-check of a derivation that was saved with --json",
}
REFUSED = 2
COLLECTED = 100_000, 50, 100        # a command needs most of what it makes, and to look through that again and again takes a tenth of its time


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that the arguments name; the exit status. Errors are told on stderr, never as a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        gc.set_threshold(*COLLECTED)
    try:
        status = _dispatched(words)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except HandgradError as error:
        return _refused(str(error))
    except BrokenPipeError:
        # whoever read the output has read enough; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        if error.name != "mpmath":
            raise
        return _refused("missing: this command needs mpmath: pip install 'handgrad[certificate]'")
    except UnicodeDecodeError as error:
        return _refused(f"encoding: the text is not UTF-8: byte {error.start} cannot be read\n    save it as UTF-8")
    except OSError as error:
        return _refused(f"file: {error.filename or 'standard output'}: {error.strerror}")
    except RecursionError:
        return _refused("limit: the input is nested too deeply")
    except KeyboardInterrupt:
        return _refused("interrupted") + 128


def _dispatched(words: list[str]) -> int:
    match words:
        case [] | ["-h" | "--help" | "help", *_]:
            print(_help())
            return 0
        case ["--version", *_]:
            print(f"handgrad {import_module('importlib.metadata').version('handgrad')}")
            return 0
        case [name, *rest] if name in COMMANDS:
            run = import_module(f"handgrad.commands.{name}").run
            return int(run(rest))
        case [name, *_]:
            return _refused(f"no command {name!r}; there are: {', '.join(COMMANDS)}")
    raise AssertionError("a list of words matches one of the patterns")


def _help() -> str:
    width = max(map(len, COMMANDS))
    return "\n".join([
        "usage: handgrad COMMAND …",
        "",
        "Gradients as on paper: derived step by step, in the form a person writes,",
        "every step certified.",
        "",
        *(f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()),
        "",
        'handgrad derive "s = 1/(1 + exp(-x))" --wrt x       is a first thing to try;',
        "handgrad COMMAND --help                             tells the options.",
    ])


def _refused(message: str) -> int:
    print(message, file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
