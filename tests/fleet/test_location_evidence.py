"""Where VMs stand: right or unknown on simulated fleets of known truth, then each source and contradiction by hand."""

from collections import Counter
from random import Random

import pandas as pd
import pytest
from observed import commanded, listed, offers, places, routed, synced

from vmgen_analytics import (
    Archive,
    Client,
    location_accuracy,
    location_evidence,
    provisioning,
    read_vm_locations,
    suggest_vm_locations,
    sync,
    vm_days,
)
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.fleet.locations import VmLocation
from vmgen_analytics.fleet.networks import network_of
from vmgen_analytics.following import Following
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.schema import TABLES

DIRECT = ["user_mapping", "deployed", "only_location", "package_unique"]
ORDER = {"os_image_id": 11, "root_password": "Root.Passw0rd!"}


def fleet_of(seed, folder):
    """Sync a fleet once or twice, with deployments of ours and a user who knows some VMs; give truth and archive."""
    chance, archive = Random(seed), Archive(folder)
    with (
        Sandbox(vms=chance.randint(3, 40), seed=seed, today="2026-11-20", months=3, job_seconds=0) as sandbox,
        Client(sandbox.key, base_url=sandbox.url) as client,
    ):
        if chance.random() < 0.3:  # a location whose packages cannot be had
            sandbox.fault("status", operation="packages", code=404, times=1)
        sync(client, archive)
        sandbox.clear_faults()
        for number in range(chance.randint(0, 2)):
            where = chance.choice([1, 2, 5, 6, 9])
            provisioning.deploy(
                client,
                location_id=where,
                name=f"ours-{number}",
                package="Small",
                archive=archive,
                following=Following(5, first_s=0.01, longest_s=0.02),
                **ORDER,
            )
        sandbox.advance(days=1)
        sync(client, archive)
        vms = sandbox.truth.vms
    mapping = [VmLocation(vm.location, vm_id=vm.vm_id) for vm in vms if chance.random() < 0.2]
    return {vm.vm_id: vm.location for vm in vms}, archive, mapping


def check_fleets(seeds, tmp_path):
    right, wrong, machines = Counter(), Counter(), 0
    for seed in seeds:
        truth, archive, mapping = fleet_of(seed, tmp_path / str(seed))
        found = TABLES["location_evidence"].check(location_evidence(archive, vm_locations=mapping))
        machines += len(found.drop_duplicates("vm_id"))
        for row in found[found["is_used"]].itertuples():
            (right if truth[row.vm_id] == row.location else wrong)[row.source] += 1
        days = vm_days(archive, "2026-11", "2026-12", vm_locations=mapping)
        believed = days.drop_duplicates("vm_id", keep="last").set_index("vm_id")["location"].dropna()
        used = found[found["is_used"]].set_index("vm_id")["location"]
        pd.testing.assert_series_equal(used[believed.index], believed, check_names=False)
    print(f"{machines} VMs of {len(seeds)} fleets")  # noqa: T201 - the figures are what is asked for
    for source in right | wrong:
        told = right[source] + wrong[source]
        print(f"  {source:14} resolves {told / machines:4.0%}, right in {right[source] / told:.1%} of {told}")  # noqa: T201
    assert not [source for source in DIRECT if wrong[source]]
    return right


def test_no_location_is_wrong_on_simulated_fleets(tmp_path):
    right = check_fleets(range(4), tmp_path)
    assert set(right) >= {"user_mapping", "deployed", "package_unique", "same_gateway"}


@pytest.mark.endurance
@pytest.mark.timeout(1800)
def test_no_location_is_wrong_on_many_simulated_fleets(tmp_path):
    check_fleets(range(100, 180), tmp_path)


# each source, by hand


@pytest.fixture
def archive(tmp_path):
    """Two locations, of which only the second offers T, and VM 7 with package S, which both offer."""
    archive = Archive(tmp_path / "archive")
    archive.add("locations", places("Warsaw", "Dallas"))
    archive.add("packages", offers(*((place, "S", "2026-11-01", 1) for place in (1, 2)), (2, "T", "2026-11-01", 2)))
    archive.add("vms", listed((7, "2026-11-05", "S")))
    return archive


def known(archive, mapping=(), vm_id=7):
    """Location and evidence of a VM, as vm_days has them."""
    days = vm_days(archive, "2026-11", "2026-12", vm_locations=mapping)
    row = days[days["vm_id"] == vm_id].iloc[-1]
    return None if pd.isna(row["location"]) else (row["location"], row["location_evidence"])


def said(archive, mapping=(), vm_id=7):
    """What each source says, and whether it contradicts."""
    rows = location_evidence(archive, vm_locations=mapping)
    rows = rows[rows["vm_id"] == vm_id]
    places = rows["location"].astype(object).where(rows["location"].notna(), None)
    return dict(zip(rows["source"], zip(places, rows["contradicts"], strict=True), strict=True))


def test_silence_is_listed(archive):
    assert known(archive) is None
    assert said(archive) == {"package_unique": (None, False)}
    archive.add("vms", listed((8, "2026-11-05", "of my own")))
    assert said(archive, vm_id=8) == {"none": (None, False)}


def test_a_deployment_made_here_tells(archive):
    archive.add("commands", commanded("deploy", 7, "2026-11-05T09:00Z", details='{"location_id": 2}'))
    assert known(archive) == ("Dallas", "deployed")


@pytest.mark.parametrize(
    ("at", "outcome", "details"),
    [
        ("2026-11-05T09:00Z", "refused", '{"location_id": 2}'),
        ("2026-11-05T09:00Z", "unknown", '{"location_id": 2}'),
        ("2026-11-06T09:00Z", "done", '{"location_id": 2}'),
        ("2026-11-05T09:00Z", "done", ""),
        ("2026-11-05T09:00Z", "done", '{"location_id": 3}'),
    ],
    ids=["refused", "unknown", "the VM was there before", "no details", "a location that is not seen"],
)
def test_a_deployment_that_does_not_tell(archive, at, outcome, details):
    archive.add("commands", commanded("deploy", 7, at, outcome=outcome, details=details))
    assert known(archive) is None


def test_a_package_of_one_place_tells_whatever_else_the_vm_had(archive):
    archive.add("vms", listed((7, "2026-11-06", " t "), (7, "2026-11-07", "of my own"), (7, "2026-11-08", "S")))
    assert known(archive) == ("Dallas", "package_unique")


def test_a_package_says_less_of_a_vm_that_is_older_than_the_first_catalogue(archive):
    archive.add("syncs", synced("2026-10-31", "2026-11-01"))  # since the first of November it is known what is offered
    archive.add("vms", listed((8, "2026-11-02", "T"), (9, "2026-11-01", "T")))
    rows = location_evidence(archive).set_index("vm_id").loc[[8, 9]]
    assert rows["source"].tolist() == ["package_unique"] * 2
    assert rows["strength"].tolist() == [0.95, 0.85]


def test_a_package_of_a_location_that_was_never_listed_tells_nothing_of_it(archive):
    archive.add("packages", offers((9, "T", "2026-11-01", 2), (9, "U", "2026-11-01", 2)))
    archive.add("vms", listed((8, "2026-11-05", "T"), (9, "2026-11-05", "U")))
    assert known(archive, vm_id=8) == ("Dallas", "package_unique")
    assert said(archive, vm_id=9) == {"none": (None, False)}


def test_a_location_that_offers_nothing_blocks_once_it_has_answered(archive):
    archive.add("locations", places("Warsaw", "Dallas", "Oslo"))
    archive.add("vms", listed((7, "2026-11-06", "T")))
    assert known(archive) is None
    archive.add("syncs", synced("2026-11-06", incomplete="packages"))
    assert known(archive) is None
    archive.add("syncs", synced("2026-11-06T18:00Z", incomplete="usage"))
    assert known(archive) == ("Dallas", "package_unique")


def test_one_location_of_a_list_that_was_never_whole_is_not_the_only_one(archive, tmp_path):
    alone = Archive(tmp_path / "alone")
    alone.add("locations", places("Warsaw"))
    alone.add("vms", listed((7, "2026-11-05", "S")))
    alone.add("syncs", synced("2026-11-05", incomplete="locations, packages"))
    assert known(alone) is None
    alone.add("syncs", synced("2026-11-06"))
    assert known(alone) == ("Warsaw", "only_location")


def test_a_public_gateway_and_network_tell_one_hop_far(archive):
    archive.add("vms", listed((8, "2026-11-05", "T"), (9, "2026-11-05", "S")))
    archive.add("networking", routed((7, "198.18.0.7", "198.18.0.1"), (8, "198.18.0.8", "198.18.0.1")))
    second = routed((7, "198.18.1.7", "198.18.1.1"), (9, "198.18.1.9", "198.18.1.1"))
    archive.add("networking", second)
    assert known(archive, vm_id=8) == ("Dallas", "package_unique")
    assert known(archive) == ("Dallas", "same_gateway")
    assert known(archive, vm_id=9) is None  # its only neighbour is known by a neighbour itself


@pytest.mark.parametrize(
    ("addresses", "gateway", "netmask"),
    [
        (("10.0.0.7", "10.0.0.8"), "10.0.0.1", "255.255.255.0"),
        (("198.18.0.7", "198.18.1.8"), "198.18.0.1", "255.255.255.0"),
        (("100.200.300.401", "100.200.300.402"), "100.200.300.1", "255.255.255.0"),
        (("198.18.0.7", "198.18.0.8"), "172.31.1.1", "255.255.255.0"),
        (("198.18.0.7", "198.18.0.8"), "198.18.0.1", "0.0.0.0"),
        (("fe80::7", "fe80::8"), "fe80::1", "ffff:ffff:ffff:ffff::"),
    ],
    ids=["private", "two networks", "no addresses", "private gateway", "no netmask", "link-local"],
)
def test_neighbours_that_are_none(archive, addresses, gateway, netmask):
    archive.add("vms", listed((8, "2026-11-05", "T")))
    rows = zip((7, 8), addresses, (gateway, gateway), strict=True)
    archive.add("networking", routed(*rows, netmask=netmask))
    assert known(archive) is None


def test_networks_of_both_kinds_of_address():
    assert network_of("2001:db8::7", "2001:db8::1", "64") == ("2001:db8::1", "2001:db8::/64")
    assert network_of(" 198.18.0.7", "198.18.0.1 ", "/24") == ("198.18.0.1", "198.18.0.0/24")
    assert network_of("198.18.0.7", "2001:db8::1", "24") is None
    assert network_of("", "", "") is None


def test_a_network_that_is_too_wide_is_a_slip_of_the_pen():
    assert network_of("198.18.0.7", "198.18.0.1", "255.255.0.0") == ("198.18.0.1", "198.18.0.0/16")
    assert network_of("198.18.0.7", "198.18.0.1", "255.254.0.0") is None
    assert network_of("198.18.0.7", "198.18.0.1", "255.0.0.0") is None


def test_neighbours_that_stand_in_two_places_tell_nothing(archive):
    archive.add("vms", listed((8, "2026-11-05", "T"), (9, "2026-11-05", "S")))
    archive.add("networking", routed(*((vm_id, f"198.18.0.{vm_id}", "198.18.0.1") for vm_id in (7, 8, 9))))
    assert known(archive, [VmLocation("Warsaw", vm_id=9)]) is None
    assert known(archive, [VmLocation("dallas ", vm_id=9)]) == ("Dallas", "same_gateway")


def test_a_place_that_the_provider_does_not_have_proves_nothing(archive):
    archive.add("vms", listed((8, "2026-11-05", "S")))
    archive.add("networking", routed(*((vm_id, f"198.18.0.{vm_id}", "198.18.0.1") for vm_id in (7, 8))))
    mapping = [VmLocation("Gotham", vm_id=8)]
    assert known(archive, mapping) is None
    assert known(archive, mapping, vm_id=8) == ("Gotham", "user_mapping")
    assert said(archive, mapping, vm_id=8)["package_unique"] == (None, False)
    assert location_accuracy(archive, vm_locations=mapping).empty
    archive.add("commands", commanded("deploy", 8, "2026-11-05T09:00Z", details='{"location_id": 2}'))
    assert set(location_accuracy(archive, vm_locations=mapping)["vms"]) == {1}


def test_two_that_contradict_leave_the_place_unknown_and_are_listed(archive):
    archive.add("vms", listed((7, "2026-11-06", "T")))
    archive.add("commands", commanded("deploy", 7, "2026-11-05T09:00Z", details='{"location_id": 1}'))
    assert known(archive) is None
    assert said(archive) == {"deployed": ("Warsaw", True), "package_unique": ("Dallas", True)}
    assert not location_evidence(archive)["is_used"].any()


def test_the_user_is_believed_and_the_contradiction_listed(archive):
    archive.add("vms", listed((7, "2026-11-06", "T")))
    mapping = [VmLocation("Warsaw", vm_id=7)]
    assert known(archive, mapping) == ("Warsaw", "user_mapping")
    assert said(archive, mapping) == {"user_mapping": ("Warsaw", False), "package_unique": ("Dallas", True)}


def test_what_is_offered_elsewhere_only_contradicts(archive):
    archive.add("locations", places("Warsaw", "Dallas", "Oslo"))
    archive.add("packages", offers((3, "X", "2026-11-01", 1)))
    archive.add("commands", commanded("deploy", 7, "2026-11-05T09:00Z", details='{"location_id": 3}'))
    assert known(archive) is None
    assert said(archive) == {"deployed": ("Oslo", True), "package_unique": (None, True)}


def test_a_pattern_of_the_user_tells_where_nothing_else_does(archive):
    plain, caught = VmLocation("Dallas", fqdn_pattern=r"^vm-7\."), VmLocation("", fqdn_pattern=r"^vm-(?P<loc>\w+)\.")
    assert known(archive, [plain]) == ("Dallas", "fqdn_pattern")
    assert known(archive, [caught]) is None
    archive.add("vms", listed((9, "2026-11-05", "S"), fqdn="vm-warsaw.example.net"))
    assert known(archive, [caught], vm_id=9) == ("Warsaw", "fqdn_pattern")
    archive.add("vms", listed((7, "2026-11-06", "T")))
    assert known(archive, [VmLocation("Warsaw", fqdn_pattern="vm-7")]) is None
    with pytest.raises(SettingsError, match=r"puts VM 7 \(vm-7\) into Dallas and Warsaw; leave one"):
        known(archive, [plain, VmLocation("Warsaw", fqdn_pattern="vm-7")])


def test_two_locations_of_one_name_have_sizes_of_their_own(archive):
    archive.add("locations", places("Warsaw", "Dallas", "Dallas"))
    archive.add("packages", offers((3, "T", "2026-11-01", 4)))
    archive.add("vms", listed((7, "2026-11-06", "T"), (8, "2026-11-06", "T")))
    days = vm_days(archive, "2026-11-06", "2026-11-07")
    assert days[["location", "location_evidence"]].to_numpy().tolist() == [["Dallas", "package_unique"]] * 2
    assert days["vcpus"].fillna(0).tolist() == [2, 0]  # VM 7 had S as well, which only one of the two offers
    archive.add("commands", commanded("deploy", 8, "2026-11-05T09:00Z", details='{"location_id": 3}'))
    assert vm_days(archive, "2026-11-06", "2026-11-07")["vcpus"].tolist() == [2, 4]


def test_each_machine_of_a_number_has_a_place_of_its_own(archive):
    archive.add("vms", listed((7, "2026-11-15", "T"), fqdn="other.example.net"))
    archive.add("syncs", synced("2026-11-05", "2026-11-08", "2026-11-10", "2026-11-15"))
    mapping = [VmLocation("Warsaw", vm_id=7, fqdn="vm-7.example.net")]
    days = vm_days(archive, "2026-11", "2026-12", vm_locations=mapping)
    assert days["location"].tolist() == ["Warsaw", "Dallas"]
    evidence = location_evidence(archive, vm_locations=mapping)
    assert evidence.loc[evidence["is_used"], ["incarnation", "source"]].to_numpy().tolist() == [
        [1, "user_mapping"],
        [2, "package_unique"],
    ]


def test_each_certain_vm_is_hidden_and_looked_for(archive):
    archive.add("vms", listed((8, "2026-11-05", "T"), (9, "2026-11-05", "T"), (5, "2026-11-05", "S")))
    archive.add("networking", routed((7, "198.18.0.7", "198.18.0.1"), (8, "198.18.0.8", "198.18.0.1")))
    archive.add("networking", routed((9, "198.18.9.9", "198.18.9.1")))  # nobody is a witness of himself
    mapping = [VmLocation("Dallas", vm_id=7), VmLocation("Dallas", vm_id=8), VmLocation("Warsaw", vm_id=9)]
    table = TABLES["location_accuracy"].check(location_accuracy(archive, vm_locations=mapping))
    assert table.set_index("source")[["vms", "right", "wrong", "silent"]].T.to_dict("list") == {
        "only_location": [3, 0, 0, 3],
        "package_unique": [3, 1, 1, 1],
        "same_gateway": [3, 2, 0, 1],
        "fqdn_pattern": [3, 0, 0, 3],
        "together": [3, 2, 1, 0],
    }
    pd.testing.assert_frame_equal(location_accuracy(archive), TABLES["location_accuracy"].frame())


def test_the_file_to_fill_in_is_read_again_when_it_is(archive, tmp_path):
    archive.add(
        "vms",
        listed(
            (8, "2026-11-05", "T"),
            (
                9,
                "2026-11-05",
                "of my own",
            ),
        ),
    )
    file = tmp_path / "unknown.csv"
    written = suggest_vm_locations(archive, file)
    assert written[["vm_id", "name", "location", "candidates"]].to_numpy().tolist() == [
        [7, "vm-7", "", "Dallas, Warsaw"],
        [9, "vm-9", "", "Dallas, Warsaw"],
    ]
    assert read_vm_locations(file) == ()
    suggest_vm_locations(archive, file)
    lines = file.read_text().splitlines()
    assert lines[1] == 'main,7,vm-7.example.net,vm-7,,"Dallas, Warsaw",'
    file.write_text("\n".join([lines[0], lines[1].replace(",,", ",Warsaw,"), lines[2]]))
    filled = read_vm_locations(file)
    assert known(archive, filled) == ("Warsaw", "user_mapping")
    before = file.read_bytes()
    with pytest.raises(SettingsError, match=r"unknown.csv is there already and is left as it is; name a new file"):
        suggest_vm_locations(archive, file, vm_locations=filled)
    assert file.read_bytes() == before
    assert suggest_vm_locations(archive, tmp_path / "rest.csv", vm_locations=filled)["vm_id"].tolist() == [9]


def test_the_file_to_fill_in_names_contradictions(archive, tmp_path):
    archive.add("vms", listed((7, "2026-11-06", "T")))
    archive.add("commands", commanded("deploy", 7, "2026-11-05T09:00Z", details='{"location_id": 1}'))
    (row,) = suggest_vm_locations(archive, tmp_path / "unknown.csv").itertuples()
    assert row.candidates == "Dallas, Warsaw"
    assert row.note == "contradiction: deployed says Warsaw, package_unique says Dallas"
    with pytest.raises(SettingsError, match=r"cannot write .*unknown.csv: No such file or directory"):
        suggest_vm_locations(archive, tmp_path / "none" / "unknown.csv")
