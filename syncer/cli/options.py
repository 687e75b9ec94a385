"""Arguments and options that several commands share."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The mapping.")]
Of = Annotated[str | None, typer.Option("--mapping", metavar="NAME", help="Of this mapping only.")]

LARGEST = 2**63 - 1
"""The largest number the state store gives to anything."""

Number = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="Its number, from the list.")]
