"""What a command of the command line did."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """Its exit status, its standard output and its standard error."""

    status: int
    out: str
    err: str
