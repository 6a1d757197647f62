"""What the bandwidth panel answers: its title in a sentence, and its key numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.plots import labels
from vmgen_analytics.schema import machine_key
from vmgen_analytics.widgets.scope import UNKNOWN
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from vmgen_analytics.widgets.bandwidth_answer import BandwidthAnswer

MOVED = {"out": "sent", "in": "received", "sum": "moved"}
STANDS = {
    "exceeded": "Exceeded",
    "expected": "Expected to be exceeded",
    "possible": "May be exceeded",
    "unknown": "Cannot be told",
    "not_expected": "Will not be exceeded",
}


def title(answer: BandwidthAnswer) -> str:
    """Say who moved how much, when, and what of it is to be looked at."""
    show = answer.choices.show
    if show == "quotas":
        return _of_quotas(answer)
    if answer.chosen.empty:
        return f"No VM{_where(answer)} is known {when(answer)}"
    if not answer.daily["days_covered"].any():
        return f"No traffic is known of {who(answer)} {when(answer)}"
    titles = {"calendar": _busiest, "talkers": _loudest, "anomalies": _strangest}
    return titles.get(show, _moved)(answer)


def who(answer: BandwidthAnswer) -> str:
    """Name whose traffic is shown: the only VM, or how many where."""
    if len(answer.by_vm) == 1:
        return _name(answer, answer.by_vm.iloc[0])
    return f"{counted(len(answer.by_vm), 'VM')}{_where(answer)}"


def when(answer: BandwidthAnswer) -> str:
    """Say when: in October 2026, on 3 November 2026, from 26 October to 22 November 2026."""
    words = answer.days.in_words()
    return f"on {words}" if len(answer.days) == 1 else f"from {words}" if " to " in words else f"in {words}"


def _where(answer: BandwidthAnswer) -> str:
    choices = answer.choices
    account = f" of account {choices.account}" if choices.account is not None else ""
    if choices.location is None:
        return account
    return f"{account} in {'an unknown location' if choices.location == UNKNOWN else choices.location}"


def _name(answer: BandwidthAnswer, row: Any) -> str:
    vms = answer.data.vms
    machine = machine_key(vms)
    return str(vms.loc[(vms[machine] == row[machine].to_numpy()).all(axis=1), "name"].iloc[0])


def _moved(answer: BandwidthAnswer) -> str:
    sums = answer.daily[["in_MB", "out_MB"]].sum(min_count=1)
    said = f"{who(answer)} sent {labels.traffic(sums['out_MB'])} and received {labels.traffic(sums['in_MB'])}"
    said = f"{said} {when(answer)}"
    first = answer.by_vm.iloc[0]
    if len(answer.by_vm) == 1 or not first["share"] > 0:
        return said
    return f"{said}; {_name(answer, first)} {MOVED[answer.choices.direction]} most ({labels.percent(first['share'])})"


def _busiest(answer: BandwidthAnswer) -> str:
    known = _by_day(answer)
    day = pd.Timestamp(str(known.idxmax()))
    on = f"on {day.day_name()}, {labels.day_name(day)}: {labels.traffic(float(known.max()))}"
    usual = f", and {labels.traffic(float(known.median()))} on a middling day" if len(known) > 1 else ""
    return f"{who(answer)} {MOVED[answer.choices.direction]} most {on}{usual}"


def _by_day(answer: BandwidthAnswer) -> pd.Series:
    """Traffic of each day in MB, of those that are whole, if there are any."""
    days = answer.daily[answer.daily["days_covered"] > 0].set_index("date")
    days = days[days["is_complete"]] if days["is_complete"].any() else days
    way = answer.choices.direction
    moved: pd.Series = days["in_MB"] + days["out_MB"] if way == "sum" else days[f"{way}_MB"]
    return moved.dropna() if moved.notna().any() else moved.fillna(0.0)


def _loudest(answer: BandwidthAnswer) -> str:
    table = answer.table
    total = float(table["traffic_MB"].sum())
    if not total > 0:
        return f"Who {MOVED[answer.choices.direction]} most {when(answer)} cannot be told: no day is final"
    first = table.iloc[0]
    name = labels.names(table.head(1))[labels.keyed(table.head(1)).iloc[0]]
    name = _name(answer, first) if answer.choices.group == "vm_id" else name
    said = f"{name} {MOVED[answer.choices.direction]} {labels.percent(first['share'])} of {labels.traffic(total)}"
    change = first["change"]
    if pd.isna(change):
        return f"{said} {when(answer)}"
    much = f"{labels.percent(abs(change))} {'more' if change >= 0 else 'less'} than before"
    return f"{said} {when(answer)}, {much}"


def _strangest(answer: BandwidthAnswer) -> str:
    table = answer.table
    worse = table[table["severity"] != "note"]
    if table.empty:
        return f"Nothing unusual was found {when(answer)}"
    if worse.empty:
        return f"Nothing worse than {counted(len(table), 'note')} was found {when(answer)}"
    row = worse.iloc[0]
    group = row["group"] if isinstance(row["group"], str) else counted(int(row["vms"]), "VM")
    impact = f"{labels.money(row['impact_GB'], decimals=1, signed=True)}\N{NO-BREAK SPACE}GB"
    thing = "anomaly was" if len(worse) == 1 else "anomalies were"
    which = "" if len(worse) == 1 else " the worst is"
    since = labels.day_name(row["first_day"])
    return f"{len(worse):,} {thing} found {when(answer)}:{which} {group}, {impact} from {since}"


def _of_quotas(answer: BandwidthAnswer) -> str:
    if not answer.data.policies:
        return "Whether a quota will be passed cannot be told"
    month = labels.month_name(answer.as_of.to_period("M"))
    if answer.table.empty:
        return f"No quota is about what is chosen in {month}"
    if answer.single_quota is not None:
        return str(answer.single_quota["sentence"]).removesuffix(".")
    states = answer.table["state"].value_counts()
    told = [f"{states[state]:,} {_stands(state, int(states[state]))}" for state in STANDS if state in states]
    return f"Of {counted(len(answer.table), 'quota')} in {month}, {', '.join(told)}"


def _stands(state: str, number: int) -> str:
    words = {
        "exceeded": f"{'is' if number == 1 else 'are'} exceeded",
        "expected": f"{'is' if number == 1 else 'are'} expected to be",
        "unknown": "cannot be told",
    }
    return words.get(state, STANDS[state][:1].lower() + STANDS[state][1:])


def key_numbers(answer: BandwidthAnswer) -> list[tuple[str, str, str]]:
    """Name, number and remark of each key number."""
    if answer.choices.show == "quotas":
        return _standing(answer)
    numbers = [_change(answer, "out"), _change(answer, "in")]
    if answer.choices.show == "anomalies":
        return [*numbers, *_findings(answer.table)]
    if answer.daily["days_covered"].any():
        numbers.append(_busiest_day(answer))
    if answer.choices.vm_id is not None and len(answer.by_vm) == 1:
        numbers.append(_part(answer))
    covered, expected = int(answer.daily["days_covered"].sum()), int(answer.daily["days_expected"].sum())
    absent = expected - covered
    remark = f"{absent:,} without one: the sums lack them" if absent else "every day of every VM"
    return [*numbers, ("VM-days with a report", f"{covered:,} of {expected:,}", remark)]


def _change(answer: BandwidthAnswer, way: str) -> tuple[str, str, str]:
    amount = labels.traffic(float(answer.daily[f"{way}_MB"].sum(min_count=1)))
    return ("Sent" if way == "out" else "Received"), amount, _against(answer, way)


def _against(answer: BandwidthAnswer, way: str) -> str:
    """Compare with the period before, on equal footing."""
    if answer.compared.empty:
        return "no comparison"
    row = answer.compared.iloc[0]
    days = int(row["compared_days"])
    if not days:
        return "no comparison: no day is final both here and in the period before"
    since, whole = labels.day_name(row["before_first_day"]), len(answer.days)
    than = f"against {counted(days, 'day')} from {since}"
    than = than if days == whole else f"on {days} of {whole} days, against those from {since}"
    change = row[f"{way}_change_MB"]
    if pd.isna(change):
        return f"no comparison {than}"
    amount = f"{'+' if change >= 0 else labels.MINUS}{labels.traffic(abs(float(change)))}"
    part = row[f"{way}_change"]
    return f"{f'{labels.percent(part, signed=True)} ({amount})' if pd.notna(part) else amount} {than}"


def _busiest_day(answer: BandwidthAnswer) -> tuple[str, str, str]:
    known = _by_day(answer)
    day = pd.Timestamp(str(known.idxmax()))
    usual = f"{labels.traffic(float(known.max()))}; a middling day has {labels.traffic(float(known.median()))}"
    return "Busiest day", f"{day.day} {day.month_name()[:3]} {day.year}", usual


def _part(answer: BandwidthAnswer) -> tuple[str, str, str]:
    """The part of the one VM in the traffic of all."""
    everyone = answer.of_all
    mine = answer.by_vm.iloc[0]
    machine = machine_key(everyone)
    place = int((everyone[machine] == mine[machine].to_numpy()).all(axis=1).to_numpy().argmax())
    return (
        "Part of all",
        labels.percent(everyone["share"].iloc[place], decimals=1),
        f"number {place + 1} of {len(everyone)} VMs",
    )


def _standing(answer: BandwidthAnswer) -> list[tuple[str, str, str]]:
    """How many quotas stand how; of a single one, what is used and expected of it."""
    row = answer.single_quota
    if row is None:
        states = answer.table["state"].value_counts()
        told = [(name, int(states.get(state, 0))) for state, name in STANDS.items()]
        return [(name, f"{number:,}", "") for name, number in told if number or name in (*STANDS.values(),)[:2]]
    used, expected, low, high, quota = (
        labels.money(row[f"{name}_GB"], "GB", decimals=1) for name in ("used", "expected", "low", "high", "quota")
    )
    part = f"{labels.percent(row['used_share'])} of {quota}" if pd.notna(row["quota_GB"]) else "no quota is known"
    interval = f"8 of 10: {low} to {high}" if pd.notna(row["low_GB"]) else "no interval can be told"
    numbers = [("Used so far", used, part), ("Expected of the month", expected, interval)]
    chance = [] if pd.isna(row["chance_over"]) else [("Chance to exceed it", labels.percent(row["chance_over"]), "")]
    return [*numbers, *chance]


def _findings(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    told = table["severity"].value_counts()
    alerts = table[table["severity"] == "alert"]
    more, less = (alerts.loc[alerts["impact_GB"] * sign > 0, "impact_GB"].sum() for sign in (1, -1))
    amounts = [f"{labels.money(each, decimals=1, signed=True)} GB" for each in (more, less) if each]
    against = f"{' and '.join(amounts)} against what was expected" if amounts else "nothing that needs a look"
    others = [
        ("To review", told.get("review", 0), "unusual uploads: a backup, a release, or a leak"),
        ("Notes", told.get("note", 0), "of a lower score or little impact"),
    ]
    alerts_told = ("Alerts", f"{told.get('alert', 0):,}", against)
    return [alerts_told, *((name, f"{number:,}", remark) for name, number, remark in others if number)]
