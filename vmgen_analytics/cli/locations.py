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
from vmgen_analytics.fleet.evidence import NO_SUCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fleet.locations import VmLocation

SHOWN = 10


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
    mapping = read_vm_locations(settings.vm_locations) if settings.vm_locations else ()
    evidence = location_evidence(filled(store), vm_locations=mapping)
    _tell(evidence, is_data=not as_csv)
    _test(store, mapping, is_data=not as_csv)
    if as_csv:
        sys.stdout.buffer.write(exports.csv_bytes(evidence))
    if suggest is not None:
        written = suggest_vm_locations(store, suggest, vm_locations=mapping)
        say(
            f"{suggest}: {len(written)} VMs to fill in; let the setting vm_locations name it, or add its lines to yours"
        )


def _tell(evidence: pd.DataFrame, *, is_data: bool) -> None:
    """Print how many machines each source resolves, names of places that there are not, and the contradictions."""
    tell = typer.echo if is_data else say
    keys = ["account", "vm_id", "incarnation"]
    machines = evidence.groupby(keys)["is_used"].any()
    used = evidence[evidence["is_used"]]["source"].value_counts()
    rows = pd.DataFrame(
        {"known by": used.index, "VMs": used.to_numpy(), "share": [f"{each:.0%}" for each in used / len(machines)]}
    )
    tell(f"{int(machines.sum())} of {len(machines)} VMs have a known location; {int((~machines).sum())} have none.")
    if len(rows):
        show(rows, is_data=is_data)
    doubted = evidence[evidence["detail"].str.contains(f"; {NO_SUCH}", regex=False)]
    for name, mapped in doubted.groupby("location"):
        nearest = mapped["detail"].iloc[0].rpartition(NO_SUCH)[2]
        vms = mapped["vm_id"].nunique()
        tell(
            f"  {name}: {NO_SUCH}{nearest}. Your mapping names it for {vms} VM{'' if vms == 1 else 's'}: correct it "
            "there; until then it tells nothing of neighbours"
        )
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


def _test(store: Archive, mapping: Sequence[VmLocation], *, is_data: bool) -> None:
    """Print how often each source is right about VMs that are known for certain."""
    accuracy = location_accuracy(store, vm_locations=mapping)
    if accuracy.empty:
        (typer.echo if is_data else say)(
            "Nothing to test it on: no VM is in your mapping (setting vm_locations), and none was deployed here."
        )
        return
    accuracy["accuracy"] = ["–" if pd.isna(each) else f"{each:.1%}" for each in accuracy["accuracy"]]
    title = f"Each of {accuracy['vms'].iloc[0]} VMs of certain location hidden, and looked for by the rest"
    show(accuracy, title, is_data=is_data)
