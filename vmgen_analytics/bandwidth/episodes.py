"""Days that are unusual one after the other, as one episode: what a person is told once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vmgen_analytics.bandwidth.detection import CLOSE, Scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

COOL_DOWN_DAYS = 7
"""Days without anything, after which something is a new episode."""


@dataclass(frozen=True)
class Episode:
    """Unusual days of one series, or of both directions of one.

    Attributes
    ----------
    row
        Row of the series.
    sign
        1 upwards, -1 downwards.
    first, last
        Columns of its first and last day.
    score
        The largest, without its sign.
    expected_MB, actual_MB
        Sums over its unusual days.
    days
        How many those are.
    known
        Known days of history before the first.
    direction
        in, out or both.
    """

    row: int
    sign: int
    first: int
    last: int
    score: float
    expected_MB: float
    actual_MB: float
    days: int
    known: int
    direction: str

    @property
    def impact(self) -> float:
        """MB that came more than was expected."""
        return self.actual_MB - self.expected_MB


def episodes(values: Numbers, scores: Scores, note: float, direction: str) -> list[Episode]:
    """Join unusual days into episodes.

    An episode begins with a day that is worth a note, goes on while the score stays above 2, and takes in what is
    worth a note within 7 days after.

    Parameters
    ----------
    values
        Series by days. [MB]
    scores
        Their scores.
    note
        Score that is worth a note.
    direction
        in or out.

    Returns
    -------
    list of Episode
        By row, upwards before downwards, then by day.
    """
    return [episode for sign in (1, -1) for episode in _of_sign(values, scores, note, direction, sign)]


def joined(received: Iterable[Episode], sent: Iterable[Episode]) -> list[Episode]:
    """Make one of episodes in both directions, where they are of one VM, go the same way, and share a day."""
    waiting: dict[tuple[int, int], list[Episode]] = {}
    for episode in sent:
        waiting.setdefault((episode.row, episode.sign), []).append(episode)
    found = []
    for episode in received:
        others = waiting.get((episode.row, episode.sign), [])
        partner = next((each for each in others if each.first <= episode.last and episode.first <= each.last), None)
        if partner is None:
            found.append(episode)
            continue
        others.remove(partner)
        found.append(
            replace(
                episode,
                first=min(episode.first, partner.first),
                last=max(episode.last, partner.last),
                score=max(episode.score, partner.score),
                expected_MB=episode.expected_MB + partner.expected_MB,
                actual_MB=episode.actual_MB + partner.actual_MB,
                days=max(episode.days, partner.days),
                known=min(episode.known, partner.known),
                direction="both",
            )
        )
    return found + [episode for others in waiting.values() for episode in others]


def episode_count(score: Numbers, alert: float) -> int:
    """Count the episodes that would be alerts: alert days with none in the 7 days before them, either way apart."""
    count = 0
    for sign in (1, -1):
        is_alert = np.nan_to_num(sign * score) >= alert
        days = np.arange(score.shape[1])
        newest = np.maximum.accumulate(np.where(is_alert, days, -COOL_DOWN_DAYS - 1), axis=1)
        before = np.pad(newest, ((0, 0), (1, 0)), constant_values=-COOL_DOWN_DAYS - 1)[:, :-1]
        count += int((is_alert & (days - before > COOL_DOWN_DAYS)).sum())
    return count


def _of_sign(values: Numbers, scores: Scores, note: float, direction: str, sign: int) -> Iterator[Episode]:
    signed = np.nan_to_num(sign * scores.score)
    goes_on = signed >= CLOSE
    for row, first, last in _spans(signed >= note, goes_on):
        members = np.flatnonzero(goes_on[row, first : last + 1]) + first
        yield Episode(
            row=row,
            sign=sign,
            first=first,
            last=last,
            score=float(signed[row, members].max()),
            expected_MB=float(scores.expected[row, members].sum()),
            actual_MB=float(values[row, members].sum()),
            days=len(members),
            known=int(scores.known[row, first]),
            direction=direction,
        )


def _spans(is_noted: NDArray[np.bool_], goes_on: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """Row, first and last day of each episode."""
    reach = _reach(goes_on)
    current: tuple[int, int, int] | None = None
    for row, day in zip(*(each.tolist() for each in np.nonzero(is_noted)), strict=True):
        if current is not None and current[0] == row and day - current[2] <= COOL_DOWN_DAYS:
            current = (row, current[1], max(current[2], int(reach[row, day])))
            continue
        if current is not None:
            yield current
        current = (row, day, int(reach[row, day]))
    if current is not None:
        yield current


def _reach(goes_on: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Last day of the run that each day is in."""
    length = goes_on.shape[1]
    ends = np.where(goes_on, length, np.arange(length))
    after = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    reach: NDArray[np.int64] = np.where(goes_on, np.minimum(after, length) - 1, np.arange(length))
    return reach
