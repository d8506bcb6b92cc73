"""`python tools/mutants.py`: makes wrong rules and counts which verification catches. Exit status 1 if one survives that is not equivalent."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support_claims import claims, survivors  # the tests know what is taken to be true
from support_kinks import kink_caught, kink_claims, kink_mutants


def main() -> int:
    """Prints a line for each source, and every survivor."""
    made: Counter[str] = Counter()
    same: Counter[str] = Counter()
    survived: list[str] = []
    for claim in claims():
        count, equal, wrong = survivors(claim)
        made[claim.source] += count
        same[claim.source] += len(equal)
        survived += map(str, wrong)
    for kink in kink_claims():
        for mutant in kink_mutants(kink):
            made["kink"] += 1
            survived += [str(mutant)] if kink_caught(mutant) is None else []
    for source, count in made.items():
        print(f"{source:12} {count:5} mutants, {same[source]} say the same")
    print(f"{sum(made.values())} mutants, {len(survived)} survived")
    for name in survived:
        print(f"  survived: {name}")
    return 1 if survived else 0


if __name__ == "__main__":
    raise SystemExit(main())
