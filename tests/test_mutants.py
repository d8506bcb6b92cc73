"""Wrong rules: every fault put into what the package takes to be true is caught by verification, unless it says the same."""

import pytest

from support_claims import Claim, claims, survivors, verdict
from support_kinks import KinkClaim, kink_caught, kink_claims, kink_mutants

CLAIMS = claims()
KINKS = list(kink_claims())


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_what_is_taken_to_be_true_is(claim: Claim) -> None:
    assert verdict(claim) == "agrees"


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_no_wrong_rule_survives(claim: Claim) -> None:
    _, _, survived = survivors(claim)
    assert [str(m) for m in survived] == []


@pytest.mark.parametrize("claim", KINKS, ids=str)
def test_every_stated_kink_is_one(claim: KinkClaim) -> None:
    assert kink_caught(claim) is None


@pytest.mark.parametrize("claim", KINKS, ids=str)
def test_no_wrong_kink_survives(claim: KinkClaim) -> None:
    assert [str(m) for m in kink_mutants(claim) if kink_caught(m) is None] == []


def test_there_are_mutants_enough() -> None:
    sources = {c.source for c in CLAIMS}
    assert sources == {"rule", "elementary", "partial", "relation"}
    assert sum(survivors(c)[0] for c in CLAIMS if c.source in {"rule", "elementary"}) + sum(1 for k in KINKS for _ in kink_mutants(k)) >= 120
