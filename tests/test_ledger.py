"""What the settings name is what the costs stand on."""

from dataclasses import replace

import pandas as pd
import pytest

from vmgen_analytics import Settings, monthly_costs, read_ledger, vm_days
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.exports.tables import table


@pytest.fixture
def settings_of(tmp_path):
    def settings(**files):
        lines = []
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text)
            lines.append(f'{name} = "{name}.csv"\n')
        (tmp_path / "vmgen.toml").write_text("".join(lines))
        return Settings.load(tmp_path / "vmgen.toml", environ={})

    return settings


def test_cost_centres_of_the_settings_pay(october, settings_of):
    plain = read_ledger(october.archive, settings_of(), "2026-10", "2026-10")
    assert set(plain.costs["cost_centre"]) == {"unassigned"}
    names = sorted(plain.days["vm_name"].unique())
    rules = f"name,cost_centre\n{names[0]},one\n*,others\n"
    settings = settings_of(cost_centres=rules, shared_costs="cost_centre,split,to\none,even,others\n")
    ledger = read_ledger(october.archive, settings, "2026-10", "2026-10")
    paid = monthly_costs(ledger.costs, by="cost_centre")
    assert paid["cost_centre"].tolist() == ["others"]
    assert paid["allocated_cost"].sum() == monthly_costs(plain.costs)["allocated_cost"].sum()
    assert set(ledger.costs["shared_from"]) == {"", "one"}
    assert ledger.centres.names == ("one", "others")


def test_a_price_book_in_another_currency_is_refused_wherever_it_is_read(october, settings_of):
    settings = settings_of(prices="package,monthly_price,currency\nSmall,4,USD\n")
    settings = replace(settings, currency="EUR")
    with pytest.raises(SettingsError, match=r"prices\.csv, line 2: the settings say EUR, the price book says USD"):
        read_ledger(october.archive, settings, "2026-10", "2026-10")


def test_shared_costs_need_cost_centres(settings_of):
    with pytest.raises(SettingsError, match="shared_costs needs cost_centres"):
        settings_of(shared_costs="cost_centre,split\none,even\n")


def test_rated_costs_are_exported_by_the_transfer_policy_of_the_settings(october, settings_of):
    packages = october.archive.read("packages")["package"].unique()
    book = "package,monthly_price\n" + "".join(f"{package},5\n" for package in packages)
    policy = "scope,direction,quota_GB,overage_price_per_GB\naccount,out,1,0.5\n"
    costs = {
        name: table(
            october.archive, settings, "rated_costs", "2026-10-01", "2026-11-01", now=pd.Timestamp("2026-11-03")
        )
        for name, settings in {
            "no": settings_of(prices=book),
            "yes": settings_of(prices=book, transfer_policy=policy),
        }.items()
    }
    assert costs["no"]["transfer_cost"].isna().all()
    sent = vm_days(october.archive, "2026-10", "2026-11")["out_MB"].sum()
    assert costs["yes"]["transfer_cost"].sum() == pytest.approx((sent / 1000 - 1) * 0.5)
