"""The Python that reproduces what the bandwidth panel shows, in the public names that a script uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.schema import MACHINE
from vmgen_analytics.widgets.scope import Scope
from vmgen_analytics.widgets.scripts import of_nothing, script, unusual

if TYPE_CHECKING:
    from vmgen_analytics.widgets.bandwidth_answer import BandwidthAnswer

FILES = ("currency", "prices", "transfer_policy", "vm_locations")
"""Settings that decide what a table holds."""


def reproduction(answer: BandwidthAnswer, url: str) -> str:
    """Write a script that ends with ``table``, which equals the panel's, and ``ax``, its chart.

    Parameters
    ----------
    answer
        What the panel shows.
    url
        Where its archive is.

    Returns
    -------
    str
        Python, with every day resolved and no secret in it.
    """
    if answer.data.is_empty:
        return of_nothing(url)
    by_show = {"talkers": _talkers, "anomalies": _anomalies, "quotas": _quotas}
    last = by_show.get(answer.choices.show, _traffic)(answer)
    return script(
        [
            f"archive = va.Archive({url!r})",
            f"known = va.read_planning(archive, va.Settings({', '.join(unusual(answer.settings, FILES))}))",
            "days = known.days",
            *last,
        ]
    )


def _within(answer: BandwidthAnswer) -> str:
    start, end = f"{answer.days.start:%Y-%m-%d}", f"{answer.days.end:%Y-%m-%d}"
    return f'days = days[(days["date"] >= "{start}") & (days["date"] < "{end}")]'


def _traffic(answer: BandwidthAnswer) -> list[str]:
    is_calendar = answer.choices.show == "calendar"
    chart = f'calendar_map(daily, direction="{answer.choices.direction}")' if is_calendar else "daily_bandwidth(daily)"
    return [
        *answer.choices.scope.python("days"),
        _within(answer),
        "daily = va.daily_bandwidth(days)",
        "",
        *_table(answer),
        "",
        f"ax = plots.{chart}",
    ]


def _table(answer: BandwidthAnswer) -> list[str]:
    by, direction = answer.choices.group, answer.choices.direction
    if by == "date":
        return ["table = daily"]
    keys = [*MACHINE] if by == "vm_id" else [by]
    ways = ["in_MB", "out_MB"] if direction == "sum" else [f"{direction}_MB"]
    sums = 'groups[["in_MB", "out_MB"]].sum(min_count=1).join(groups[["days_covered", "days_expected"]].sum())'
    return [
        f'groups = va.daily_bandwidth(days, by="{by}").groupby({keys!r}, dropna=False)',
        f"table = {sums}",
        f"moved = table[{ways!r}].sum(axis=1)",
        "table = table.assign(share=moved / moved.sum())",
        *(['table.insert(0, "vm_name", groups["vm_name"].last())'] if by == "vm_id" else []),
        'table = table.sort_values("share", ascending=False, kind="stable").reset_index()',
    ]


def _talkers(answer: BandwidthAnswer) -> list[str]:
    choices, days = answer.choices, answer.days
    how = f'by="{choices.group}", direction="{choices.direction}", n={choices.top}'
    return [
        *answer.choices.scope.python("days"),
        f'table = va.top_talkers(days, "{days.start:%Y-%m-%d}", "{days.end:%Y-%m-%d}", {how})',
        "",
        f'ax = plots.top_talkers(table, direction="{choices.direction}")',
    ]


def _anomalies(answer: BandwidthAnswer) -> list[str]:
    choices = answer.choices
    start, end = f"{answer.days.start:%Y-%m-%d}", f"{answer.days.end:%Y-%m-%d}"
    lines = [
        'table = va.bandwidth_anomalies(days, archive.read("jobs"))',
        f'table = table[(table["last_day"] >= "{start}") & (table["first_day"] < "{end}")]',
    ]
    if choices.location is None and choices.vm_id is None:
        lines += Scope(choices.account).python("table")
    else:
        lines += ["parts = va.anomaly_contributions(days)", 'parts = parts[parts["is_main"]]']
        lines += choices.scope.python("parts")
        lines.append('table = table[table["anomaly"].isin(parts["anomaly"])]')
    if choices.direction != "sum":
        lines.append(f'table = table[table["direction"].isin(["{choices.direction}", "both"])]')
    return [
        *lines,
        "table = table.reset_index(drop=True)",
        "",
        *answer.choices.scope.python("days"),
        _within(answer),
        f"ax = plots.bandwidth_anomalies(table, daily=va.daily_bandwidth(days), top={choices.top})",
    ]


def _quotas(answer: BandwidthAnswer) -> list[str]:
    if answer.data.planning.policies is not None:
        policies = "known.policies"
    else:
        policies = '[va.TransferPolicy(source="the price book")]' if answer.data.policies else "[]"
    today = f'today=pd.Timestamp("{answer.as_of:%Y-%m-%d}")'
    lines = [
        "terms = va.transfer_terms(days, known.prices)",
        f"table = va.quota_status(days, {policies}, {today}, terms=terms)",
    ]
    if not answer.choices.scope.is_everything and answer.data.policies:
        lines += [
            "mine = days",
            *answer.choices.scope.python("mine"),
            f'mine = mine[mine["date"] >= "{answer.as_of:%Y-%m}-01"]',
            'names = table["vm_id"].astype("object").where(table["scope"] == "vm", table["group"])',
            'columns = table["scope"].replace("vm", "vm_id")',
            'pools = zip(table["account"], columns, names)',
            'is_mine = [(mine["account"].eq(own) & mine[column].eq(name)).any() for own, column, name in pools]',
            "table = table[is_mine].reset_index(drop=True)",
        ]
    return [*lines, "", *_fan(answer)]


def _fan(answer: BandwidthAnswer) -> list[str]:
    row = answer.single_quota
    if row is None:
        return [f"ax = plots.quota_status(table, top={answer.choices.top})"]
    if row["scope"] != "vm":
        return ["ax = plots.quota_fan(table)"]
    machine = {"account": repr(row["account"]), "vm_id": row["vm_id"], "incarnation": row["incarnation"]}
    own = " & ".join(f'(days["{name}"] == {value})' for name, value in machine.items())
    return [f"ax = plots.quota_fan(table, daily=va.daily_bandwidth(days[{own}]))"]
