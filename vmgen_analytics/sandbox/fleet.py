"""The fleet as it was before anyone touched it: who was born where, as what and when, all from the seed."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from vmgen_analytics.sandbox.catalogue import LOCATIONS, Location, offer, offers
from vmgen_analytics.sandbox.clock import months_before
from vmgen_analytics.sandbox.history import day_between, office_hour, period, with_history
from vmgen_analytics.sandbox.machines import Machine, Tenure, Traffic

OFFICE = (1.15, 1.2, 1.2, 1.15, 1.0, 0.35, 0.3)
EVEN = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
LEISURE = (0.85, 0.85, 0.9, 0.95, 1.1, 1.3, 1.25)
WEEKEND = (0.3, 0.3, 0.3, 0.3, 0.4, 3.0, 2.4)


@dataclass(frozen=True)
class Role:
    """What a VM is for; decides its name and its traffic."""

    name: str
    weight: float
    out_MB: float  # on a middling day of a middling VM
    in_per_out: float
    weekdays: tuple[float, ...]


ROLES = (
    Role("web", 7, 14_000, 0.12, LEISURE),
    Role("api", 4, 9_000, 0.45, OFFICE),
    Role("db", 4, 3_500, 0.8, OFFICE),
    Role("vpn", 2, 11_000, 0.95, OFFICE),
    Role("mail", 2, 2_200, 1.4, OFFICE),
    Role("cache", 2, 6_500, 0.3, LEISURE),
    Role("backup", 2, 900, 22.0, WEEKEND),
    Role("build", 2, 1_800, 3.5, OFFICE),
    Role("mon", 1, 700, 2.0, EVEN),
)
CITY = {"Warsaw": "waw", "Amsterdam": "ams", "New York": "nyc", "Dallas": "dal", "Singapore": "sin"}


@dataclass(frozen=True)
class _Draft:
    role: Role
    location: Location
    born_at: datetime
    died_at: datetime | None


def fleet(seed: int, vms: int, today: date, months: int, *, first_id: int = 10_200) -> dict[int, Machine]:
    """Return every VM that exists today, and those that were deleted before.

    Parameters
    ----------
    seed
        The same seed, the same fleet.
    vms
        How many exist today.
    today
        The last day of the history; nothing happens by itself after it.
    months
        How many months before today's month the history begins.
    first_id
        The ids of its VMs are greater than this.
    """
    chance = Random(f"{seed}/fleet")
    start = months_before(today, months)
    drafts = [_draft(chance, start, today, dies=number >= vms) for number in range(vms + round(vms * 0.12))]
    drafts.sort(key=lambda draft: draft.born_at)
    living = [number for number, draft in enumerate(drafts) if draft.died_at is None]
    few = 1 if vms >= 10 else 0
    idle = set(chance.sample(living, max(few, round(vms * 0.08))))
    off = set(chance.sample(living, max(few, round(vms * 0.05))))
    names, addresses, job_ids = Counter[str](), Counter[str](), count(400_001)
    machines = {}
    vm_id = first_id
    for number, draft in enumerate(drafts):
        vm_id += chance.randint(1, 37)
        addresses[draft.location.name] += 1
        address = addresses[draft.location.name]
        machine = blank(vm_id, _name(names, draft), draft.location, address, draft.born_at)
        machine = _furnished(Random(f"{seed}/machine/{vm_id}"), machine, draft, idle=number in idle)
        span = period(machine, start, today)
        machine = with_history(Random(f"{seed}/history/{vm_id}"), machine, span, job_ids, stays_off=number in off)
        machines[vm_id] = machine
    return machines


def blank(vm_id: int, name: str, location: Location, address: int, born_at: datetime) -> Machine:
    """Return a new VM without a package, a job or any traffic of note."""
    quiet = Traffic(out_MB=4.0, in_per_out=1.5, weekdays=EVEN, growth=1.0, noise=0.3, spikes=0.0)
    fqdn = f"{name}.example.net"
    return Machine(vm_id, name, fqdn, location, address, born_at, None, (), quiet, idle=False, jobs=())


def _draft(chance: Random, start: date, today: date, *, dies: bool) -> _Draft:
    role = chance.choices(ROLES, [role.weight for role in ROLES])[0]
    location = chance.choices(LOCATIONS, [location.weight for location in LOCATIONS])[0]
    if role.name == "backup":
        location = next(place for place in LOCATIONS if offer(place, "Storage"))
    if chance.random() < 0.6:
        born = start - timedelta(days=chance.randint(5, 400))
    else:
        born = day_between(chance, start, today - timedelta(days=3))
    died = None
    if dies:
        died = day_between(chance, max(born, start) + timedelta(days=10), today - timedelta(days=2))
        born = min(born, died - timedelta(days=1))
    died_at = None if died is None else office_hour(chance, died)
    return _Draft(role, location, office_hour(chance, born), died_at)


def _name(names: Counter[str], draft: _Draft) -> str:
    place = f"-{CITY[draft.location.name]}" if draft.role.name == "vpn" else ""
    stem = draft.role.name + place
    names[stem] += 1
    return f"{stem}-{names[stem]}" if place else f"{stem}-{names[stem]:02d}"


def _furnished(chance: Random, machine: Machine, draft: _Draft, *, idle: bool) -> Machine:
    role = draft.role
    sold = offers(draft.location)
    bought = chance.choices(sold, [offered.weight for offered in sold])[0]
    if role.name == "backup":
        bought = next(offered for offered in sold if offered.name == "Storage")
    traffic = Traffic(
        out_MB=role.out_MB * chance.lognormvariate(0, 0.6),
        in_per_out=role.in_per_out * chance.lognormvariate(0, 0.15),
        weekdays=role.weekdays,
        growth=chance.uniform(0.99, 1.03),
        noise=chance.uniform(0.08, 0.25),
        spikes=0.006,
    )
    return replace(
        machine,
        died_at=draft.died_at,
        tenures=(Tenure(draft.born_at.date(), bought.name, bought.monthly_price),),
        traffic=machine.traffic if idle else traffic,
        idle=idle,
    )
