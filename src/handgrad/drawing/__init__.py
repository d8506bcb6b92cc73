"""An own set of numbers for each student: drawn from a template, the same for the same id and seed, good ones only.

    template = read_template(text, "template.toml")
    drawn = Drawer(template, seed=2026).draw("r017")
    print(drawn.text)                    # a problem file
"""

from handgrad.drawing.rejection import Rejection
from handgrad.drawing.roster import Roster, RosterError, file_name, file_names, read_roster
from handgrad.drawing.sets import Drawer, DrawError, Drawn, told
from handgrad.drawing.template import Template, TemplateError, read_template

__all__ = [
    "DrawError", "Drawer", "Drawn", "Rejection", "Roster", "RosterError", "Template", "TemplateError", "file_name", "file_names", "read_roster",
    "read_template", "told",
]
