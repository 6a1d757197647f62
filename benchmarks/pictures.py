"""How long each picture of 50 VMs through a year takes, from its table to the PNG: what a control of a panel waits for.

    pip install -e '.[sandbox]' && python benchmarks/pictures.py [--demo DIR]

The tables are those of the gallery, of a larger fleet; simulating its year takes some minutes, unless ``--demo`` keeps
it. Each figure is the median of seven, in time of this process, as a shared machine has others to serve; a redraw
should take less than 300 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docs.gallery import GALLERY, MONTHS, NOW, SEED, SETUP
from vmgen_analytics import plots
from vmgen_analytics.cli.demo import simulated

if TYPE_CHECKING:
    from collections.abc import Callable

VMS, RUNS, DPI = 50, 7, 130
MOST_MS = 300.0


class Timed:
    """The pictures, each drawn seven times and told of."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        draw = getattr(plots, name)

        def timed(*tables: Any, **how: Any) -> None:
            times = []
            for _ in range(RUNS):
                start = time.process_time()
                size = len(plots.png(draw(*tables, **how), dpi=DPI))
                times.append(1000 * (time.process_time() - start))
            middle = statistics.median(times)
            print(f"{name:24}{middle:8.0f} ms{size / 1000:8.0f} kB{'' if middle < MOST_MS else '   too slow'}")

        return timed


def main() -> None:
    parser = argparse.ArgumentParser(description="Time each picture of 50 VMs through a year.")
    parser.add_argument("--demo", type=Path, metavar="DIR", help="keep the simulated archive there, for the next time")
    kept = parser.parse_args().demo
    with tempfile.TemporaryDirectory() as folder:
        demo = (kept or Path(folder)).resolve() / "demo"
        if not (demo / "vmgen.toml").exists():
            demo.parent.mkdir(parents=True, exist_ok=True)
            simulated(demo, now=NOW, vms=VMS, seed=SEED, months=MONTHS)
        with contextlib.chdir(demo.parent):
            names: dict[str, Any] = {}
            exec(SETUP, names)
            days = names["days"]
            print(f"{days['vm_id'].nunique()} VMs, {days['date'].nunique()} days")
            names["plots"] = Timed()
            for shown in (each for pictures in GALLERY.values() for each in pictures):
                eval(shown.line, names)


if __name__ == "__main__":
    main()
