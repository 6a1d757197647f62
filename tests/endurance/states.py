"""What an archive says, all of it, and whether that is what it said before or says after."""

import os
from pathlib import Path

import pandas as pd
from deltalake import DeltaTable
from waiting import wait_until

from vmgen_analytics import Archive
from vmgen_analytics.archive import TABLES
from vmgen_analytics.sandbox import Sandbox

State = dict[str, pd.DataFrame]


def state(folder: Path) -> State:
    """Read every row as it lies on disk, by Delta Lake's own reader; no key may be there twice."""
    found: State = {}
    for name, table in TABLES.items():
        place = str(folder / name)
        rows = (
            DeltaTable(place).to_pandas() if DeltaTable.is_deltatable(place) else pd.DataFrame(columns=[*table.columns])
        )
        key = list(table.key)
        assert not rows.duplicated(key).any(), f"{name} has a row twice"
        found[name] = rows.sort_values(key, ignore_index=True)
    return found


def assert_readable(folder: Path, now: State) -> None:
    """The archive gives the newest row of each thing that lies there."""
    archive = Archive(folder)
    for name, rows in now.items():
        things = rows.drop_duplicates([column for column in TABLES[name].key if column not in ("seen_at", "seen_on")])
        assert len(archive.read(name)) == len(things), f"{name} reads otherwise than it lies there"


def parts(frame: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Divide a table as it is written: by account and month."""
    if frame.empty:
        return {}
    return {key: part.reset_index(drop=True) for key, part in frame.groupby(["account", "month"])}


def assert_nothing_lost(before: State, now: State) -> None:
    for name, frame in before.items():
        key = list(TABLES[name].key)
        known, found = (set(map(tuple, each[key].astype("str").to_numpy())) for each in (frame, now[name]))
        assert known <= found, f"{name} lost {len(known - found)} rows"


def changed(before: State, now: State) -> set[str]:
    return {name for name in before if not _same(before[name], now[name])}


def assert_before_or_after(before: State, now: State, after: State, *, by_part: bool = False) -> None:
    """Each table is as before or as after; by part, if the month turned, as then two months of a table are written.

    A row that is about to be replaced is kept first: if the sync dies then, it is kept once more when it is replaced,
    with that moment, which readers know.
    """
    before, now, after = ({name: _said(name, frame) for name, frame in each.items()} for each in (before, now, after))
    for name in TABLES:
        if name == "syncs":  # the one that was stopped may be written down, and the next one is
            assert len(now[name]) - len(before[name]) in (0, 1)
            continue
        if by_part:
            old, new, found = (parts(each[name]) for each in (before, after, now))
            for key in {*old, *new, *found}:
                assert _same(found.get(key), old.get(key)) or _same(found.get(key), new.get(key)), f"{name} of {key}"
        else:
            assert _same(now[name], before[name]) or _same(now[name], after[name]), f"{name} is between"


def _said(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    if not name.startswith("superseded_"):
        return frame
    told = frame.drop(columns="superseded_at").drop_duplicates()
    return told.sort_values([*TABLES[name].key[:-1], "seen_at"], ignore_index=True)


def _same(one: pd.DataFrame | None, other: pd.DataFrame | None) -> bool:
    if one is None or other is None:
        return one is other
    return len(one) == len(other) == 0 or (one[list(other)].equals(other) if set(one) == set(other) else False)


def environ_of(sandbox: Sandbox) -> dict[str, str]:
    return {**os.environ, "VMGEN_API_KEY": sandbox.key, "VMGEN_BASE_URL": sandbox.url}


def wait_for_request(sandbox: Sandbox, sent_before: int, *, within_s: float = 60.0) -> None:
    """Wait until the sync has begun: its first question has come."""
    wait_until(lambda: len(sandbox.requests) > sent_before, within_s, every_s=0.001)
