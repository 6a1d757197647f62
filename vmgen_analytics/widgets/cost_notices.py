"""What a reader of the cost panel must know before trusting its numbers: what is missing, unfinished or old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.plots import labels
from vmgen_analytics.widgets.periods import Months
from vmgen_analytics.widgets.syncs import state_of_syncs

if TYPE_CHECKING:
    from vmgen_analytics.widgets.cost_answer import CostAnswer


def notices(answer: CostAnswer) -> list[str]:
    """Say it in sentences, none where all is well.

    Parameters
    ----------
    answer
        What the panel shows.
    """
    if answer.data.is_empty:
        return ["The archive is empty: fill it with vmgen-analytics sync, then press Read again."]
    if not answer.totals:
        return ["The archive has no invoices yet: sync once the provider has made one, then press Read again."]
    return [*_gaps(answer), *state_of_syncs(answer.data.syncs, answer.settings, answer.today)]


def _gaps(answer: CostAnswer) -> list[str]:
    sentences = []
    absent = [month for month in answer.months if month not in answer.totals]
    if len(absent) == len(answer.months):
        known = Months(min(answer.totals), max(answer.totals) + 1).in_words()
        sentences.append(f"No invoices for {answer.months.in_words()}, but for {known}: choose another period.")
    elif absent:
        sentences.append(f"No invoices for {', '.join(map(labels.month_name, absent))}: the total lacks them.")
    if answer.open_month is not None and answer.is_open(answer.months):
        over = "is not over" if answer.today < answer.open_month.end_time.date() else "was not over at the last sync"
        name = labels.month_name(answer.open_month)
        sentences.append(f"{name} {over}: it is hatched, and left out of comparisons.")
    nobodys = answer.costs[answer.costs["vm_id"].isna()]
    if len(nobodys):
        lost = answer.money(nobodys["allocated_cost"].sum())
        months = ", ".join(labels.month_name(month) for month in nobodys["month"].unique())
        sentences.append(f"{lost} is unallocated: no VM is known in {months}.")
    return sentences
