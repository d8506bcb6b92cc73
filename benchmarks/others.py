"""What others compute of the entries of the catalogue: `by_hand(entry, sample, dtype)` and `of_libraries(samples, interpreters)`.

Those by hand are the definition and the tidy derivative of the catalogue, carried out by numpy as they stand; other libraries compute in a process of
their own, by an interpreter that has them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.catalogue import CatalogueEntry

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support_accuracy import Results, Sample  # noqa: E402  # the truth lives with the tests
from support_definitions import Textbook, carried_out  # noqa: E402

LIBRARIES = {"torch": "torch", "jax": "JAX", "sklearn": "sklearn"}


def by_hand(of: CatalogueEntry, sample: Sample, dtype: str) -> Results:
    """The definition and the tidy derivative, as they stand, in numpy."""
    first, textbook = of.function.parameters[0], Textbook(np.dtype(dtype).type)
    given = {name: list(x.T) if x.ndim > 1 else x for name, x in sample.items()}

    def stacked(found: Any) -> Any:
        return np.stack([np.broadcast_to(f, len(sample[first])) for f in found], 1) if isinstance(found, list) else found
    with np.errstate(all="ignore"):
        # numpy has the function itself: nobody writes it out
        named = textbook.has(of.name) and not of.facet.along
        value = textbook.call(of.name, list(given.values())) if named else stacked(carried_out(of, given, textbook))
        if first in of.partials:
            return {"value": value, "slope": stacked(carried_out(of, given, textbook, of.partials[first]))}
        return {"value": value, "slope": WITHOUT_PARTIAL[of.name](value, sample)}


def _softmax(x: Any) -> Any:
    e = np.exp(x)
    return e/e.sum(1, keepdims=True)


def _one_hot(labels: Any, classes: Any) -> Any:
    return np.eye(classes.shape[1], dtype=classes.dtype)[labels]


# derivatives along the axis that the catalogue states no tidy form of, as one writes them
WITHOUT_PARTIAL: Mapping[str, Callable[[Any, Sample], Any]] = {
    "softmax": lambda s, _: s[:, :, None]*(np.eye(s.shape[1], dtype=s.dtype) - s[:, None, :]),
    "log_softmax": lambda _, given: np.eye(given["x"].shape[1], dtype=given["x"].dtype) - _softmax(given["x"])[:, None, :],
    "softmax_cross_entropy_labels": lambda _, given: _softmax(given["scores"]) - _one_hot(given["labels"], given["scores"]),
}


def interpreters() -> list[str]:
    """The interpreters that may have other libraries."""
    return [str(path) for path in (ROOT / v / "bin/python" for v in (".venv-bench", ".venv-frameworks")) if path.exists()]


def of_libraries(samples: Mapping[tuple[str, str], Sample], found: Iterable[str]) -> tuple[dict[str, str], dict[tuple[str, str, str], Results]]:
    """What libraries compute of samples by entry and type: a word for each library, its version or that it is absent, and the results."""
    told, results = {}, {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for (entry, dtype), sample in samples.items():
            np.savez(folder / f"{entry}--{dtype}.npz", **sample)
        for library, title in LIBRARIES.items():
            told[title] = "absent"
            for interpreter in found:
                command = [interpreter, str(ROOT / "benchmarks/catalogue_peers.py"), library, name]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                word, _, rest = (done.stdout.strip().splitlines() or ["failed"])[-1].partition(" ")
                if word == "version":
                    told[title] = rest
                    break
                told[title] = "absent" if word == "absent" else f"failed: {done.stderr.strip()[-200:]}"
            for path in (folder / library).glob("*.npz"):
                entry, dtype = path.stem.split("--")
                with np.load(path) as arrays:
                    results[entry, dtype, title] = dict(arrays)
    return told, results
