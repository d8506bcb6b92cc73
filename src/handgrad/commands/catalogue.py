"""`handgrad catalogue [NAME | --page activations|losses]`: what is built in."""

from __future__ import annotations

from collections.abc import Sequence

from handgrad.catalogue import entry
from handgrad.catalogue.entry import Kind
from handgrad.commands.output import chosen, parser, put
from handgrad.commands.source import unknown
from handgrad.errors import ModelError
from handgrad.manual import contents, described, overview, page

PAGES: dict[str, Kind] = {"activations": "activation", "losses": "loss"}


def run(arguments: Sequence[str]) -> int:
    """Prints the list, the manual page of an entry, or the page of a kind; 0."""
    made = parser("catalogue", "What is built in: definition, derivative, kinks, domain, source and plot.")
    made.add_argument("name", metavar="NAME", nargs="?", help="an entry; without it, the list")
    made.add_argument("--page", choices=tuple(PAGES), help="all of a kind as one derived page: definition, derivative, through g, over n samples")
    options = made.parse_args(arguments)
    output = chosen(options)
    if options.name and options.page:
        raise ModelError("NAME asks for one entry and --page for all of a kind", remedy="use one of the two")
    if options.page:
        kind = PAGES[options.page]
        put(output, lambda: overview(kind), lambda: described(kind))
    elif options.name:
        found = entry(options.name)
        if found is None:
            raise unknown(options.name)
        put(output, lambda: page(found), lambda: described(found.name))
    else:
        put(output, contents, lambda: described(None))
    return 0
