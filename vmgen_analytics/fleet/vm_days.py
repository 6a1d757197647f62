"""One row per VM and day of its life, whatever the provider still shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vmgen_analytics.archive.past import instant_of
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.fleet.calendar import Calendar
from vmgen_analytics.fleet.coded import Coded
from vmgen_analytics.fleet.histories import histories
from vmgen_analytics.fleet.placing import Surroundings
from vmgen_analytics.fleet.sizes import MEASURES, Sizes
from vmgen_analytics.schema import TABLES
from vmgen_analytics.table import moment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fleet.histories import History
    from vmgen_analytics.fleet.locations import VmLocation
    from vmgen_analytics.fleet.placing import Places

    Numbers = NDArray[np.int64]

PRESENCES = ["inferred", "usage", "seen"]


def vm_days(
    archive: Archive,
    start: str | pd.Timestamp,
    end: str | pd.Timestamp,
    *,
    vm_locations: Sequence[VmLocation] = (),
    account: str | None = None,
    as_of: str | pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Every day of every VM between two days or months.

    A VM existed on a day when an inventory of that day lists it (``seen``), when usage reports it (``usage``),
    between two such days, or from the last of them to the last sync while it is not known to be gone (``inferred``).
    It is gone after two complete inventories without it, or after a deletion made here; a number that comes back as
    another machine did not exist in between. Name, package and state are those of the newest inventory until the day.

    Parameters
    ----------
    archive
        The history.
    start, end
        First day or month, and the first one after, as ``"2026-06"``.
    vm_locations
        The user's mapping, from `read_vm_locations`.
    account
        Only this account.
    as_of
        A moment, in UTC if it has no time zone: the table as it was then, but for the user's mapping. Inventories are
        kept by day, and are as at the end of the moment's day.

    Returns
    -------
    DataFrame
        Table ``vm_days``: account, date, vm_id, incarnation, vm_name, fqdn, package, vcpus, ram_GB, disk_GB, location,
        continent, location_evidence, state, presence, in_MB, out_MB, status. [vCPU, GB, MB]

    Raises
    ------
    SchemaError
        A day is none, or the end is before the start.
    ArchiveError
        The archive cannot be read.
    SettingsError
        Two lines of the mapping fit a VM equally well and disagree.
    """
    first, last = (moment_of(edge).tz_localize(None).normalize() for edge in (start, end))
    if last < first:
        raise SchemaError(f"the end {end} is before the start {start}")
    months = [str(month) for month in archive.months("usage") if f"{first:%Y-%m}" <= str(month) <= f"{last:%Y-%m}"]
    moment = None if as_of is None else instant_of(as_of)
    surroundings = Surroundings(archive, account, moment)
    parts = [
        _days(history, Calendar.of(history.lives, _number(first), _number(last)), surroundings, vm_locations)
        for history in histories(archive, account, months, moment)
    ]
    parts = [part for part in parts if len(part)]
    table = TABLES["vm_days"]
    whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0] if parts else _none()
    return table.check(whole, unique=False)


def _days(
    history: History, calendar: Calendar, surroundings: Surroundings, mapping: Sequence[VmLocation]
) -> pd.DataFrame:
    if not len(calendar.day):
        return _none()
    lives, seen, traffic = history.lives, history.seen, history.traffic
    newest = calendar.rows_until(history.at_sight, seen.days)
    on_sight = calendar.rows_on(history.at_sight, seen.days)
    on_use = calendar.rows_on(lives.of(history.used_ids, history.used_days), history.used_days)
    presence = np.where(on_sight >= 0, PRESENCES.index("seen"), on_use >= 0)
    places = surroundings.places(history, mapping)
    package = seen.package.take(newest)
    sizes = _sizes(calendar, package, places, Sizes(surroundings.packages(history.account)))
    date = (calendar.first + np.arange(calendar.shape[0])).astype("datetime64[D]").astype("datetime64[us]")
    columns = {
        "account": Coded.of_words([history.account], np.zeros(len(newest), dtype="int8")).text(),
        "date": date[calendar.day],
        "vm_id": lives.vm_id[calendar.life],
        "incarnation": lives.incarnation[calendar.life],
        "vm_name": seen.vm_name.take(newest).text(),
        "fqdn": seen.fqdn.take(newest).text(),
        "package": package.text(),
        **{measure: sizes[place] for place, measure in enumerate(MEASURES)},
        **{name: coded.take(calendar.life).text() for name, coded in _placed(places).items()},
        "state": seen.state.take(newest).text(),
        "presence": Coded.of_words(PRESENCES, presence).text(),
        **{name: _amounts(traffic[name], on_use) for name in ("in_MB", "out_MB")},
        "status": Coded.of_column(traffic["status"]).take(on_use).text(),
    }
    return pd.DataFrame(columns, copy=False)[list(TABLES["vm_days"].columns)]


def _none() -> pd.DataFrame:
    table = TABLES["vm_days"]
    return table.frame({name: [] for name in table.columns})


def _placed(places: Places) -> dict[str, Coded]:
    """Tell location, continent and evidence of each machine."""
    texts = {
        "location": [verdict.location for verdict in places.verdicts],
        "continent": [places.catalogue.continent(verdict.ids) if verdict.ids else None for verdict in places.verdicts],
        "location_evidence": [verdict.source for verdict in places.verdicts],
    }
    coded = {}
    for name, words in texts.items():
        codes, uniques = pd.factorize(np.array(words, dtype="object"))
        coded[name] = Coded.of_words(list(uniques), codes.astype("int64"))
    return coded


def _sizes(calendar: Calendar, package: Coded, places: Places, sizes: Sizes) -> NDArray[np.float64]:
    """Look up each VM-day's size once for each package, set of possible locations and day."""
    spots = {ids: number for number, ids in enumerate({verdict.ids for verdict in places.verdicts})}
    spot = np.array([spots[verdict.ids] for verdict in places.verdicts])
    count = len(package.words)
    kind = np.where(package.codes < 0, -1, spot[calendar.life] * count + package.codes)
    present = np.flatnonzero(np.bincount(kind[kind >= 0], minlength=1))
    numbers = np.full(len(spots) * count + 1, -1)
    numbers[present] = np.arange(len(present))
    days = calendar.first + np.arange(calendar.shape[0])
    of_spot = list(spots)
    table = np.full((len(MEASURES), len(present) + 1, len(days)), np.nan)
    for place, each in enumerate(present):
        table[:, place] = sizes.on(package.words[int(each % count)].as_py(), of_spot[each // count], days).T
    found: NDArray[np.float64] = table[:, numbers[kind], calendar.day]
    return found


def _amounts(column: pa.ChunkedArray, rows: Numbers) -> NDArray[np.float64]:
    values = np.append(column.to_numpy(), np.nan)
    found: NDArray[np.float64] = values[rows]
    return found


def _number(day: pd.Timestamp) -> int:
    return int(day.to_datetime64().astype("datetime64[D]").astype("int64"))


__all__: list[Any] = ["PRESENCES", "vm_days"]
