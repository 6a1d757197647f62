"""Shares as people read them."""

from __future__ import annotations


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
