"""The public surface of the package."""

import handgrad


def test_the_package_says_what_it_is() -> None:
    assert handgrad.__doc__
