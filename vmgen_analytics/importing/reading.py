"""CSV files of older months -> a table, or every line that is wrong."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.errors import HistoryError, UnexpectedDataWarning
from vmgen_analytics.importing import cells
from vmgen_analytics.importing.clocks import Clocks
from vmgen_analytics.importing.layout import UNITS, VM_COLUMNS, Layout
from vmgen_analytics.importing.opening import Columns, opened
from vmgen_analytics.importing.whose import Whose, bearers, borne_on
from vmgen_analytics.schema import TABLES
from vmgen_analytics.schema.imported import IMPORTED, imported_status
from vmgen_analytics.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vmgen_analytics.importing.whose import Bearers

ROWS_AT_ONCE = 50_000
SHOWN = 1_000
"""So many wrong lines are named; the others are counted."""
MOST_MB = 1e10
MOST_MONEY = 9_000_000_000.0
WHOLE = ("", "final", "complete", "imported")
NOT_WHOLE = ("partial", "provisional", "lost_tail", "awaited", "missing", "incomplete", "preliminary", "estimated")
"""Words for the state of a day's traffic, in any case: those of a day that is taken, and of one that is left out."""


def read_history(  # noqa: PLR0913 - each says how the files differ from ours
    files: Iterable[str | Path],
    table: str = "usage",
    *,
    account: str | None = "main",
    only: str | None = None,
    vms: pd.DataFrame | None = None,
    lifetimes: pd.DataFrame | None = None,
    now: pd.Timestamp | None = None,
    settings: Settings | None = None,
    tell: Callable[[Path, Columns], object] | None = None,
    columns: Mapping[str, str] | None = None,
    unit: str = "MB",
    date_format: str = "YYYY-MM-DD",
    delimiter: str = ",",
    decimal: str = ".",
    encoding: str = "utf-8",
) -> pd.DataFrame:
    """Read older months from CSV files, all or nothing.

    Parameters
    ----------
    files
        Files with a line of column names: ours, the provider's, or given by ``columns``.
    table
        usage or invoices.
    account
        Whose they are, where a file has no column account; None if each file must have one.
    only
        Of files with a column account take the lines of this one alone.
    vms
        Table ``vms``, all observations, to find VMs by name or fqdn.
    lifetimes
        Table ``lifetimes``, to know which machine had a name on a day; without it a number is one machine throughout.
    now
        The time; by default this machine's. A day of usage must have ended so long ago that it does not change any
        more, and an invoice's day must have begun.
    settings
        The accounts that there are, each one's time zone, and how long its days take to settle; by default any, UTC
        and six hours.
    tell
        Is told of each file, before its lines are read, which of its columns is taken for which of ours.
    columns
        The files' column by ours, where it is neither ours nor the provider's, as ``{"in_MB": "received"}``.
    unit
        Unit of the traffic: MB, GB, GiB and so on.
    date_format
        ``YYYY-MM-DD`` with its parts in any order, or a pattern of ``strptime``.
    delimiter, decimal
        What separates columns, and whole from broken.
    encoding
        How the text is spelled in bytes.

    Returns
    -------
    DataFrame
        Table ``usage`` with the status ``imported``, or ``invoices`` with ``imported`` and the word of the file, as
        ``imported (paid)``; seen now. [MB, currency]

    Raises
    ------
    HistoryError
        The layout is none, a file cannot be read, or lines are wrong: ``problems`` names each with file, line, column,
        value and what is expected.
    """
    layout = Layout(table, columns or {}, unit, date_format, delimiter, decimal, encoding)
    instant = pd.Timestamp.now("UTC") if now is None else now  # noqa: TID251 - only where the caller has no clock
    whose = Whose(account, None if settings is None else list(settings.accounts), only)
    reader = _Reader(layout, whose, bearers(vms, lifetimes), Clocks(instant, settings or Settings()))
    for path in map(Path, files):
        reader.read(path, tell or (lambda *_: None))
    return reader.table()


class _Reader:
    """What was read so far, and what was wrong."""

    def __init__(
        self,
        layout: Layout,
        whose: Whose,
        named: Bearers,
        clocks: Clocks,
    ) -> None:
        self.layout, self.whose, self.clocks, self.now = layout, whose, clocks, clocks.now
        self.named = named
        self.parts: list[pd.DataFrame] = []
        self.places: list[str] = []
        self.problems: list[tuple[int, int, str]] = []
        self.wrong = 0
        self.left_out = 0
        self.foreign = 0

    def read(self, path: Path, tell: Callable[[Path, Columns], object]) -> None:
        self.places.append(str(path))
        with opened(path, self.layout) as file:
            positions = self.layout.positions(file.header, f"{path}, line 1")
            if "account" not in positions and self.whose.account is None:
                raise HistoryError(
                    f"{path} has no column account, and the settings have {', '.join(self.whose.accounts or ())}: "
                    "say whose it is with --account"
                )
            tell(path, Columns.of(file.header, positions))
            count = 0
            while part := list(itertools.islice(file.lines, ROWS_AT_ONCE)):
                count += len(part)
                self._take(part, positions, len(file.header))
        if not count:
            raise HistoryError(f"{path} has no line beneath its column names")

    def table(self) -> pd.DataFrame:
        table = TABLES[self.layout.table]
        rows = pd.concat(self.parts, ignore_index=True) if self.parts else pd.DataFrame()
        if not rows.empty:
            self._name_repeated(rows, [name for name in table.key if name != "seen_at"])
        if self.wrong:
            raise HistoryError(
                f"{self.wrong:,} wrong {'cell' if self.wrong == 1 else 'cells'}: nothing was stored",
                tuple(problem for *_, problem in sorted(self.problems, key=lambda each: each[:2])),
            )
        if self.foreign:
            if rows.empty:
                raise HistoryError(f"no line is of the account {self.whose.only}: nothing was stored")
            warnings.warn(
                f"left out what is of other accounts than {self.whose.only}: {self.foreign:,} of the lines",
                UnexpectedDataWarning,
                stacklevel=3,
            )
        if self.left_out:
            warnings.warn(
                f"left out what was not seen whole or says no traffic: {self.left_out:,} of the lines",
                UnexpectedDataWarning,
                stacklevel=3,
            )
        return table.cast(rows) if not rows.empty else table.frame()

    def _take(self, part: list[tuple[int, list[str]]], positions: Mapping[str, int], width: int) -> None:
        for line, row in part:
            if len(row) != width:
                self._blame(len(self.places) - 1, line, "", "", f"{width} columns, and not {len(row)}")
        good = [(line, row) for line, row in part if len(row) == width and self.whose.takes(row, positions)]
        self.foreign += sum(len(row) == width for _, row in part) - len(good)
        lines = np.array([line for line, _ in good], dtype="int64")
        texts = {
            name: pd.Series([row[position].strip() for _, row in good], dtype="str")
            for name, position in positions.items()
        }
        found = self._usage(texts, lines) if self.layout.table == "usage" else self._invoices(texts, lines)
        self.parts.append(found.assign(file=len(self.places) - 1, line=lines[found.index]))

    def _usage(self, texts: dict[str, pd.Series], lines: np.ndarray) -> pd.DataFrame:
        accounts = self._accounts(texts, lines)
        is_whole = self._are_whole(texts.get("status"), lines)
        dates = self._days("date", texts["date"], accounts, lines, is_whole)
        vm_ids = self._vm_ids(texts, accounts, dates, lines)
        columns: dict[str, Any] = {"account": accounts, "vm_id": vm_ids, "date": dates}
        factor = UNITS[self.layout.unit]
        for name in ("in_MB", "out_MB"):
            read = cells.numbers(texts[name], self.layout, 0, MOST_MB / factor)
            columns[name] = self._checked(name, texts[name], lines, read) * factor
        rows = pd.DataFrame(columns).assign(seen_at=self.now, status=IMPORTED)
        is_said = rows["in_MB"].notna() | rows["out_MB"].notna() | (texts["in_MB"] != "") | (texts["out_MB"] != "")
        is_said &= is_whole
        self.left_out += int((~is_said).sum())
        return rows[is_said.to_numpy()]

    def _are_whole(self, said: pd.Series | None, lines: np.ndarray) -> np.ndarray:
        """Tell the lines of whole days; a word that may mean anything is blamed."""
        if said is None:
            return np.full(len(lines), True)
        words = said.str.lower()
        is_known = words.isin([*WHOLE, *NOT_WHOLE]).to_numpy("bool")
        return self._checked("status", said, lines, (words.isin(WHOLE).to_numpy("bool"), ~is_known))

    def _invoices(self, texts: dict[str, pd.Series], lines: np.ndarray) -> pd.DataFrame:
        accounts, total = self._accounts(texts, lines), texts["total_cost"]
        rows = pd.DataFrame(
            {
                "account": accounts,
                "invoice_id": self._checked("invoice_id", texts["invoice_id"], lines, cells.ids(texts["invoice_id"])),
                "invoice_date": self._days(
                    "invoice_date", texts["invoice_date"], accounts, lines, np.full(len(lines), True)
                ),
            }
        )
        amounts, is_wrong = cells.numbers(total, self.layout, -MOST_MONEY, MOST_MONEY)
        rows["total_cost"] = self._checked("total_cost", total, lines, (amounts, is_wrong | (total == "").to_numpy()))
        status = texts.get("status")
        rows["status"] = IMPORTED if status is None else imported_status(status)
        return rows.assign(seen_at=self.now)

    def _accounts(self, texts: dict[str, pd.Series], lines: np.ndarray) -> pd.Series:
        if "account" not in texts:
            return pd.Series(self.whose.account, index=range(len(lines)), dtype="str")
        found = texts["account"]
        if self.whose.accounts is not None:
            self._checked(
                "account", found, lines, (found.to_numpy(), (~found.isin(list(self.whose.accounts))).to_numpy())
            )
        return found

    def _vm_ids(
        self, texts: dict[str, pd.Series], accounts: pd.Series, dates: np.ndarray, lines: np.ndarray
    ) -> np.ndarray:
        """Take the number of each VM; by fqdn or name of that day where the file has no numbers."""
        column = next(name for name in VM_COLUMNS if name in texts)
        if column == "vm_id":
            return self._checked("vm_id", texts["vm_id"], lines, cells.ids(texts["vm_id"]))
        found = np.zeros(len(lines), dtype="int64")
        told: dict[tuple[str, str, Any], tuple[int, str]] = {}
        keys = list(zip(accounts, texts[column], pd.DatetimeIndex(dates), strict=True))
        for place, (account, name, day) in enumerate(keys):
            if keys[place] not in told:
                told[keys[place]] = borne_on(column, self.named.get((column, account, name), ()), day)
            found[place], why = told[keys[place]]
            if why:
                self._blame(len(self.places) - 1, lines[place], column, name, why)
        return found

    def _days(
        self, column: str, texts: pd.Series, accounts: pd.Series, lines: np.ndarray, is_asked: np.ndarray
    ) -> np.ndarray:
        """Read days, and blame those that are still to come or may still change, where that matters."""
        found = self._checked(column, texts, lines, cells.days(texts, self.layout))
        clock = self.clocks.settled if column == "date" else self.clocks.today
        latest = accounts.map({name: clock(name) for name in accounts.unique()}).to_numpy(dtype="datetime64[us]")
        for position in np.flatnonzero((found > latest) & is_asked):
            expected = self.clocks.expected(column, accounts.iloc[position], pd.Timestamp(found[position]))
            self._blame(len(self.places) - 1, lines[position], column, texts.iloc[position], expected)
        return found

    def _checked(
        self, column: str, texts: pd.Series, lines: np.ndarray, read: tuple[np.ndarray, np.ndarray]
    ) -> np.ndarray:
        values, is_wrong = read
        for position in np.flatnonzero(is_wrong):
            self._blame(len(self.places) - 1, lines[position], column, texts.iloc[position], self._expected(column))
        return values

    def _expected(self, column: str) -> str:
        if column == "account":
            return f"an account of the settings: {', '.join(self.whose.accounts or ())}"
        if column in ("date", "invoice_date"):
            return f"a day as {self.layout.date_format}, from 2000 on (--date-format)"
        if column in ("in_MB", "out_MB", "total_cost"):
            spelled = "a comma" if self.layout.decimal == "," else "a point"
            bounds = f"from {-MOST_MONEY:,.0f} to {MOST_MONEY:,.0f}"
            if column != "total_cost":
                bounds = f"of {self.layout.unit} from 0 to {MOST_MB / UNITS[self.layout.unit]:,.0f}"
            return f"a number {bounds}, with {spelled} for decimals (--decimal) and nothing for thousands"
        if column == "status":
            return f"{', '.join(WHOLE[1:])} or nothing for a whole day, or {', '.join(NOT_WHOLE)} for one to leave out"
        return "a positive whole number"

    def _name_repeated(self, rows: pd.DataFrame, key: list[str]) -> None:
        sound = rows[rows[key].notna().all(axis=1) & (rows[key[1]] > 0)]
        again = sound[sound.duplicated(key)].merge(
            sound.drop_duplicates(key)[[*key, "file", "line"]],
            on=key,
            how="left",
            validate="many_to_one",
            suffixes=("", "_first"),
        )
        self.wrong += max(0, len(again) - SHOWN)
        for row in again.head(SHOWN).to_dict("records"):
            thing = " ".join(str(row[name])[:10] for name in key[1:])
            first = f"{self.places[row['file_first']]}, line {row['line_first']}"
            self._blame(row["file"], row["line"], key[1], row[key[1]], f"it once; it repeats the {thing} of {first}")

    def _blame(self, file: int, line: int, column: str, value: Any, expected: str) -> None:
        self.wrong += 1
        if len(self.problems) < SHOWN:
            cell = f"{column} is {str(value)[:60]!r}; " if column else ""
            self.problems.append((file, int(line), f"{self.places[file]}, line {line}: {cell}expected {expected}"))
