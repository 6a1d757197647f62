"""``vmgen-analytics locations``: how it is known where each VM stands, how well, and what is left to fill in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from vmgen_analytics import exports
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened, say, show
from vmgen_analytics.fleet import location_accuracy, location_evidence, read_vm_locations, suggest_vm_locations
from vmgen_analytics.fleet.accuracy import CERTAIN, TOGETHER
from vmgen_analytics.fleet.evidence import NO_SUCH
from vmgen_analytics.fleet.misfits import misfits
from vmgen_analytics.wording import counted, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fleet.locations import VmLocation
    from vmgen_analytics.fleet.misfits import Misfit

SHOWN = 10
MEANINGS = {
    "user_mapping": "you wrote it down (setting vm_locations)",
    "deployed": "it was deployed there, with this tool",
    "only_location": "the account sees no other location",
    "package_unique": "no other location has ever offered its packages",
    "same_gateway": "it shares a public network with a VM that is known",
    "fqdn_pattern": "its fqdn says so, by a pattern of yours",
}


def locations(
    suggest: Annotated[
        Path | None,
        typer.Option("--suggest", help="Write the VMs without a location there, to fill in.", metavar="FILE"),
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print what each source says of each VM, to standard output.")
    ] = False,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Tell how it is known where each VM stands, test that on the VMs that are certain, and list what is left."""
    settings, store = opened(config, archive, verbose)
    named = settings.vm_locations
    is_to_come = named is not None and suggest is not None and _is_same(suggest, named) and not Path(named).exists()
    mapping = read_vm_locations(named) if named and not is_to_come else ()
    evidence = location_evidence(filled(store), vm_locations=mapping)
    written = None if suggest is None else suggest_vm_locations(store, suggest, vm_locations=mapping)
    _warn(misfits(store, mapping))
    _warn_of_places(evidence)
    _tell(evidence, is_data=not as_csv, is_written=suggest is not None)
    _test(store, mapping, evidence, is_data=not as_csv)
    if as_csv:
        sys.stdout.buffer.write(exports.csv_bytes(evidence))
    if written is not None:
        how = "" if is_to_come else "; then let the setting vm_locations name it, or add its lines to your own file"
        vms = f"{len(written):,} VM{'' if len(written) == 1 else 's'}"
        say(f"{suggest}: {vms} to fill in, in the column location{how}")


def _is_same(suggest: Path, named: str) -> bool:
    return suggest.resolve() == Path(named).resolve()


def _warn(found: Sequence[Misfit]) -> None:
    """Name the lines of the mapping that fit no VM."""
    for line, nearest in found[:SHOWN]:
        meant = f"; did you mean {nearest}?" if nearest else ""
        say(f"warning: {line.where}: {line.told()} fits no VM that the archive knows, and tells nothing{meant}")
    if len(found) > SHOWN:
        say(f"warning: and {len(found) - SHOWN:,} more lines of it fit no VM")


def _unlisted(evidence: pd.DataFrame) -> pd.DataFrame:
    """Take the words that name a place which the provider does not list."""
    return evidence[evidence["detail"].str.contains(f"; {NO_SUCH}", regex=False)]


def _warn_of_places(evidence: pd.DataFrame) -> None:
    """Name such places: misspelt, or of before the provider closed them."""
    for name, words in _unlisted(evidence).groupby("location"):
        where, _, nearest = words["detail"].iloc[0].partition(f"; {NO_SUCH}")
        meant = f"; did you mean {nearest.removeprefix('; nearest: ')}?" if nearest else "."
        vms = counted(len(words.drop_duplicates(["account", "vm_id", "incarnation"])), "VM")
        say(
            f"warning: your mapping ({where}) names {name}, which the provider does not list{meant} It stands for "
            f"{vms} until you change it, and tells nothing of neighbours"
        )


def _tell(evidence: pd.DataFrame, *, is_data: bool, is_written: bool) -> None:
    """Print how many machines each source resolves, and the contradictions."""
    tell = typer.echo if is_data else say
    keys = ["account", "vm_id", "incarnation"]
    machines = evidence.groupby(keys)["is_used"].any()
    used = evidence[evidence["is_used"]]["source"].value_counts()
    rows = pd.DataFrame(
        {
            "known by": used.index,
            "VMs": used.to_numpy(),
            "share": [f"{percent(each):>5}" for each in used / len(machines)],
            "which means": [MEANINGS[source] for source in used.index],
        }
    )
    lacking = int((~machines).sum())
    elsewhere = int(_unlisted(evidence)["is_used"].sum())
    by_user = f", {elsewhere} of them in a place that you name and the provider does not list" if elsewhere else ""
    tell(f"{int(machines.sum())} of {len(machines)} VMs have a known location{by_user}; {lacking} have none.")
    if lacking and not is_written:
        tell("`vmgen-analytics locations --suggest FILE` writes these down for you to fill in.")
    if len(rows):
        show(rows, is_data=is_data)
    against = evidence[evidence["contradicts"]]
    disputed = against[keys].drop_duplicates()
    for number, (_, words) in enumerate(against.groupby(keys)):
        if number == SHOWN:
            tell(f"  and {len(disputed) - SHOWN} more")
            break
        all_said = evidence.merge(words[keys].drop_duplicates(), on=keys, how="inner", validate="many_to_one")
        all_said = all_said[all_said["contradicts"] | all_said["is_used"]]
        places = all_said["location"].fillna(all_said["detail"])
        said = ", ".join(f"{source} {place}" for source, place in zip(all_said["source"], places, strict=True))
        first = words.iloc[0]
        tell(f"  contradiction: VM {first['vm_id']} ({first['vm_name']}): {said}")


def _test(store: Archive, mapping: Sequence[VmLocation], evidence: pd.DataFrame, *, is_data: bool) -> None:
    """Print how often each source is right about VMs that are known for certain."""
    accuracy = location_accuracy(store, vm_locations=mapping)
    tell = typer.echo if is_data else say
    if accuracy.empty:
        why = "no VM is in your mapping (setting vm_locations), and none was deployed here"
        if (evidence["source"] == CERTAIN[0]).any():
            why = "every place that your mapping names for a VM is one that the provider does not have"
        tell(f"Nothing to test it on: {why}. Write down where some stand, and this tells how often the rest is right.")
        return
    tested = accuracy["vms"].iloc[0]
    tell(
        f"How far this can be trusted: the location of {tested:,} VM{'' if tested == 1 else 's'} is certain, as you "
        "wrote it down or deployed them here. Each was hidden, and looked for by the other sources:"
    )
    rows = accuracy.assign(
        accuracy=["–" if pd.isna(each) else f"{percent(each, 1):>7}" for each in accuracy["accuracy"]],
        source=accuracy["source"].replace(TOGETHER, "all together"),
    )
    words = {"source": "looked for by", "vms": "hidden", "silent": "no answer", "accuracy": "right when it answers"}
    show(rows.rename(columns=words), is_data=is_data)
