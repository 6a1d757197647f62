"""Numbers and their nouns as they stand in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def counted(number: int, thing: str, things: str = "") -> str:
    """Print a number with its noun.

    Parameters
    ----------
    number
        How many.
    thing, things
        Its noun, of one and of many; by default with an s.

    Examples
    --------
    >>> counted(1, "VM"), counted(2_000, "VM"), counted(2, "entry", "entries")
    ('1 VM', '2,000 VMs', '2 entries')
    """
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def ranges(numbers: Iterable[int], between: str = ", ") -> str:
    """Write whole numbers in order, those that follow each other as from-to.

    Parameters
    ----------
    numbers
        The numbers, each once.
    between
        What stands between two ranges.

    Examples
    --------
    >>> ranges([7, 1, 2, 3])
    '1-3, 7'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return between.join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def percent(share: float, digits: int = 0, sign: str = "") -> str:
    """Spell a share in per cent, with the space that a unit has.

    Parameters
    ----------
    share
        From 0 to 1, or beyond.
    digits
        After the decimal point.
    sign
        "+" writes it before a rise as well.

    Examples
    --------
    >>> percent(0.4)
    '40 %'
    >>> percent(0.9987, 1)
    '99.9 %'
    """
    return f"{100 * share:{sign}.{digits}f} %"
