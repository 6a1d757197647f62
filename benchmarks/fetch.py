"""How quickly the usage of 500 VMs comes at 20 ms latency with 16 workers, and becomes a table, beside rivals.

    pip install aiohttp && python benchmarks/fetch.py

Figures of time are noisy on a shared machine: each is the best of several runs, and what counts are the ratios within
one run. The limit is workers / latency = 800 requests a second.
"""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import orjson
import pandas as pd
import requests
from server import DAYS, serving, usage

from vmgen_analytics.api import Client, operations
from vmgen_analytics.fetch.tidy import Batch, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

VMS, LATENCY_S, WORKERS, RUNS = 500, 0.020, 16, 5
LIMIT = WORKERS / LATENCY_S


def ours(url: str) -> None:
    with Client("key", base_url=url, max_workers=WORKERS) as client:
        answers = dict(client.each("usage", range(VMS)))
    assert all(len(records) == DAYS for records in answers.values())


def a_session_in_a_loop(url: str, vms: int = VMS // 10) -> None:
    with requests.Session() as session:
        for vm_id in range(vms):
            session.get(f"{url}/virtual-machines/{vm_id}/usage", timeout=30).json()


def a_naive_pool(url: str) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        list(
            pool.map(lambda vm_id: requests.get(f"{url}/virtual-machines/{vm_id}/usage", timeout=30).json(), range(VMS))
        )


def aiohttp_by_hand(url: str) -> None:
    import aiohttp

    async def fetch_all() -> None:
        gate = asyncio.Semaphore(WORKERS)
        async with aiohttp.ClientSession() as session:

            async def fetch(vm_id: int) -> None:
                async with gate, session.get(f"{url}/virtual-machines/{vm_id}/usage") as answer:
                    await answer.json()

            await asyncio.gather(*(fetch(vm_id) for vm_id in range(VMS)))

    asyncio.run(fetch_all())


def best(run: Callable[[], object], clock: Callable[[], float] = time.perf_counter, runs: int = RUNS) -> float:
    """Seconds of the quickest of several runs."""
    times = []
    for _ in range(runs):
        began = clock()
        run()
        times.append(clock() - began)
    return min(times)


def wire() -> None:
    print(f"{VMS} VMs, {LATENCY_S * 1000:g} ms latency, {WORKERS} workers; limit {LIMIT:g} requests/s")
    with serving(LATENCY_S) as url:
        rivals = [(ours, VMS), (a_session_in_a_loop, VMS // 10), (a_naive_pool, VMS), (aiohttp_by_hand, VMS)]
        for run, requests_sent in rivals:
            try:
                rate = requests_sent / best(lambda run=run: run(url))
            except ModuleNotFoundError as error:
                print(f"  {run.__name__:22} left out: {error.name} is not installed")
                continue
            print(f"  {run.__name__:22} {rate:7.0f} requests/s   {rate / LIMIT:.2f} of the limit")


def decoding() -> None:
    bodies = [(vm_id, orjson.dumps(usage(vm_id))) for vm_id in range(10_000)]
    rows = len(bodies) * DAYS
    print(f"JSON to a tidy table, {rows:,} rows, per CPU-second")

    def ours_tidy() -> pd.DataFrame:
        batches = [Batch({"vm_id": vm_id}, orjson.loads(body)) for vm_id, body in bodies]
        return tidy(TABLES["usage"], operations.USAGE, batches, account="main", seen_at=pd.Timestamp.now("UTC")).frame

    def json_normalize() -> pd.DataFrame:
        found = pd.json_normalize(
            [{"vm_id": vm_id, "usage": json.loads(body)} for vm_id, body in bodies], record_path="usage", meta="vm_id"
        )
        return found.assign(date=pd.to_datetime(found["date"]))

    for make in (ours_tidy, json_normalize):
        assert len(make()) == rows
        print(f"  {make.__name__:22} {rows / best(make, time.process_time, 3) / 1e6:7.2f} M rows")


if __name__ == "__main__":
    wire()
    decoding()
