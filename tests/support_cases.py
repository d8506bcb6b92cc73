"""The case corpus: what each file of cases holds, as questions with one expected answer each."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support_reader import read_model

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("HANDGRAD_SHARED", HERE.parent.parent / "shared")) / "cases" / "derive.toml"


@dataclass(frozen=True)
class Question:
    """One derivative asked for: of a model, the expected form and what else must be shown."""

    name: str
    model: str
    of: str
    wrt: tuple[str, ...]
    expected: str | None
    rest: dict[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.name


def contracted(model: str, pullback: str) -> str:
    """The model with the contraction of a name with its cotangent G as the last statement."""
    definitions, _, _ = read_model(model)
    letters = ",".join(definitions[pullback][0])
    at = f"[{letters}]" if letters else ""
    product = f"G{at}*{pullback}{at}"
    return f"{model.rstrip()}\ncontraction = " + (f"sum[{letters}]({product})" if letters else product)


def questions(case: dict[str, Any], source: str) -> list[Question]:
    """The questions of one case; `by` asks one for each entry."""
    name, model = f"{source}: {case['name']}", case["model"]
    if "pullback" in case:
        model, case = contracted(model, case["pullback"]), {**case, "of": "contraction"}
    if "by" in case:
        return [Question(f"{name}, {by}", model, case["of"], (by,), answer, case) for by, answer in zip(case["by"], case["expected"], strict=True)]
    wrt = case["wrt"] if isinstance(case["wrt"], list) else [case["wrt"]]
    return [Question(name, model, case["of"], tuple(wrt) * case.get("order", 1), case.get("expected"), case)]


def load(path: Path) -> list[Question]:
    """All questions of a file."""
    with path.open("rb") as stream:
        return [q for case in tomllib.load(stream)["case"] for q in questions(case, path.stem)]


OURS = [q for path in sorted((HERE / "cases").glob("*.toml")) for q in load(path)]
THEIRS = load(SHARED) if SHARED.exists() else []
CASES = OURS + THEIRS
