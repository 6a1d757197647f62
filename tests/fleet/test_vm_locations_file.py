import pytest

from vmgen_analytics import Archive, read_vm_locations, vm_days
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.fleet.locations import VmLocation
from vmgen_analytics.schema import TABLES


@pytest.fixture
def read(tmp_path):
    def read(text):
        file = tmp_path / "vm_locations.csv"
        file.write_bytes(text.encode())
        return read_vm_locations(file)

    return read


def located(tmp_path, mapping):
    archive = Archive(tmp_path / "archive")
    names = ["web-1", "web-2", "db-1"]
    archive.add(
        "vms",
        TABLES["vms"].frame(
            {
                "account": ["main"] * 3,
                "vm_id": [1, 2, 3],
                "seen_on": ["2026-11-01"] * 3,
                "vm_name": names,
                "fqdn": [f"{name}.example.net" for name in names],
                "seen_at": ["2026-11-01"] * 3,
            }
        ),
    )
    days = vm_days(archive, "2026-11", "2026-12", vm_locations=mapping)
    return days["location"].astype(object).where(days["location"].notna(), None).tolist()


def test_a_number_goes_before_an_fqdn_and_that_before_a_pattern(read, tmp_path):
    mapping = read(
        "\ufeffvm_id,fqdn,name,location,note\r\n,,*,Anywhere,\r\n,web-2.example.net,,Dallas,\r\n1,,,Warsaw,sure\r\n"
    )
    assert located(tmp_path, mapping) == ["Warsaw", "Dallas", "Anywhere"]


def test_a_line_of_another_account_does_not_count(read, tmp_path):
    assert located(tmp_path, read("account,vm_id,location\nsecond,1,Warsaw\nmain,2,Dallas\n")) == [None, "Dallas", None]


def test_lines_that_disagree_are_named(tmp_path):
    mapping = [VmLocation("Warsaw", name="web-*"), VmLocation("Dallas", name="*-1")]
    with pytest.raises(SettingsError, match=r"puts VM 1 \(web-1\) into Dallas and Warsaw; leave one"):
        located(tmp_path, mapping)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vm_id,location\n1,\n", "line 2: the location is empty"),
        ("vm_id,location\n,Warsaw\n", "line 2: name the VM by vm_id, fqdn or name"),
        ("vm_id,location\none,Warsaw\n", "line 2: vm_id is 'one'"),
        ("vm_id,location\n1,Warsaw,x\n", "line 2: too many fields"),
        ("vm_id,location,location\n1,Warsaw,Dallas\n", "line 1: the column 'location' stands there twice"),
        ("vm_id;location\n1;Warsaw\n", "line 1: no column .* seem to be separated by semicolons"),
        ("id,location\n1,Warsaw\n", "line 1: no column 'id' is known; there can be account, vm_id, fqdn"),
        ("vm_id,location\n\n\n1,Warsaw\nx,Warsaw\n", "line 5: vm_id is 'x'"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(read, text, words):
    with pytest.raises(SettingsError, match=words) as caught:
        read(text)
    assert "vm_locations.csv" in str(caught.value)


def test_blanks_around_names_and_lines_without_words_do_no_harm(read):
    (line,) = read("vm_id, location \n1, Warsaw\n,\n")
    assert (line.vm_id, line.location) == (1, "Warsaw")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"there is no file .*none.csv, .*`vmgen-analytics locations --suggest"):
        read_vm_locations(tmp_path / "none.csv")
