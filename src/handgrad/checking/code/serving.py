"""A function in a process of its own: one that hangs or crashes ends that process, and is a finding.

    with Process("norm.py:backward", seconds=60) as process:
        check_code(process.adapted, "y = w*x")

Questions and answers travel as JSON. What the code prints goes to standard error.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from handgrad.checking.code.adapting import SECONDS, Adapted, CodeError, Gone, adapted, loaded
from handgrad.checking.code.calls import Answer, Question
from handgrad.errors import HandgradError

LOADING = 120.0                 # seconds in which the process has to be there, with the module loaded
GRACE = 5.0                     # seconds after its limit in which the process breaks off by itself, also when nobody is left to end it


class Process:
    """The process in which the function that `MODULE:FUNCTION` names is called."""

    def __init__(self, place: str, seconds: float = SECONDS) -> None:
        self.place, self.seconds = place, seconds
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, place, seconds), daemon=True)
        self._process.start()
        theirs.close()
        self.gone = ""
        self.adapted = self._met()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _met(self) -> Adapted:
        """The function as its process tells of it."""
        module = self.place.rpartition(":")[0]
        try:
            heard = self._heard(LOADING)
        except Gone as gone:
            self._end()
            raise CodeError(f"{module} cannot be loaded: {gone}") from None
        if "what" in heard:
            self._end()
            raise CodeError(heard["what"], remedy=heard["remedy"])
        return Adapted(heard["name"], tuple(heard["parameters"]), frozenset(heard["optional"]), self._answer, bool(heard["framework"]), heard["framework"],
                       heard["file"], heard["line"])

    def _answer(self, question: Question) -> Answer:
        if self.gone:
            raise Gone(self.gone)
        try:
            self._line.send_bytes(json.dumps(question.as_dict()).encode())
            return Answer.read(self._heard(self.seconds))
        except (Gone, OSError) as error:
            self.gone = str(error) if isinstance(error, Gone) else self._why()
            self._end()
            raise Gone(self.gone) from None

    def _heard(self, seconds: float) -> dict[str, Any]:
        try:
            if self._line.poll(seconds):
                return dict(json.loads(self._line.recv_bytes()))
        except (EOFError, OSError):
            raise Gone(self._why()) from None
        raise Gone(f"it does not come back within {seconds:g} s")

    def _why(self) -> str:
        """How the process ended."""
        self._process.join(GRACE)
        code = self._process.exitcode
        if code is not None and code < 0:
            name = next((s.name for s in signal.Signals if s == -code), str(-code))
            return f"its process is ended by {name}"
        return f"its process ends with status {code}"

    def _end(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join(GRACE)
        self._line.close()


# ---------------------------------------------------------------- in the process


def serve(line: Connection, place: str, seconds: float) -> None:
    """Answers questions about the function until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)        # an interruption is for the parent alone
    os.dup2(2, 1)                                       # what compiled code prints is no part of a report either
    try:
        try:
            own = adapted(loaded(place), seconds + GRACE)
        except HandgradError as error:
            line.send_bytes(json.dumps({"what": error.what, "remedy": error.remedy}).encode())
            return
        line.send_bytes(json.dumps({"name": own.name, "parameters": own.parameters, "optional": sorted(own.optional), "framework": own.framework,
                                    "file": own.file, "line": own.line}).encode())
        while True:
            question = Question.read(json.loads(line.recv_bytes()))
            line.send_bytes(json.dumps(own.answer(question).as_dict()).encode())
    except (EOFError, OSError, Gone):
        return
