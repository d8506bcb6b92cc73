"""The command line: `handgrad derive …`, `handgrad catalogue …`, `handgrad certificate …`."""


def main() -> int:
    """Runs the command that the arguments name; the exit status."""
    return 0
