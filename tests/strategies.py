"""What tests draw: fleets, invoices, price books and observations of them."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from vmgen_analytics.schema import TABLES

PACKAGES = ("Nano", "Small", "=Large")
LOCATIONS = ("Warsaw", "Dallas", None)
CENTS = st.one_of(
    st.integers(-3, 3), st.integers(-(10**5), 10**7), st.sampled_from([10**11, -(10**11), 10**11 - 1, 99_999_999_999])
)


@st.composite
def fleets(draw, *, sized=True, most_vms=6):
    """Table ``vm_days`` of some VMs over up to four months, of one or two accounts."""
    rows = []
    for vm_id in draw(st.sets(st.integers(1, 9), min_size=1, max_size=most_vms)):
        first = draw(st.integers(0, 100))
        length = draw(st.integers(1, 45))
        package = draw(st.sampled_from(PACKAGES))
        location = draw(st.sampled_from(LOCATIONS))
        resized_on = draw(st.integers(0, 60))
        account = draw(st.sampled_from(["main", "second"]))
        size = draw(st.sampled_from([1.0, 2.0, 64.0]))
        traffic = draw(st.sampled_from([0.0, 1.0, 123_456.0, np.nan]))
        for number in range(first, first + length):
            current = package if number < resized_on else PACKAGES[0]
            rows.append((account, number, vm_id, f"vm-{vm_id}", current, location, size, traffic))
    columns = ["account", "number", "vm_id", "vm_name", "package", "location", "size", "traffic"]
    drawn = pd.DataFrame(rows, columns=columns)
    sizes = drawn["size"].to_numpy() if sized else np.full(len(drawn), np.nan)
    dates = pd.Timestamp("2026-01-20") + pd.to_timedelta(drawn["number"], unit="D")
    return TABLES["vm_days"].frame(
        {
            "account": drawn["account"],
            "date": dates.dt.as_unit("us"),
            "vm_id": drawn["vm_id"],
            "vm_name": drawn["vm_name"],
            "package": drawn["package"],
            "location": drawn["location"],
            "continent": drawn["location"].map({"Warsaw": "Europe", "Dallas": "North America"}).astype("str"),
            "vcpus": sizes,
            "ram_GB": sizes * 2,
            "disk_GB": sizes * 20,
            "presence": ["seen"] * len(drawn),
            "in_MB": drawn["traffic"],
            "out_MB": drawn["traffic"] * 2,
            "status": ["final"] * len(drawn),
        }
    )


@st.composite
def invoices(draw):
    """Table ``invoices``: some of months with VMs, some of months without, in whole cents, positive and negative."""
    drawn = draw(
        st.lists(
            st.tuples(st.sampled_from(["main", "second"]), st.integers(0, 6), st.integers(1, 28), CENTS),
            min_size=1,
            max_size=6,
        )
    )
    return invoices_of(
        (account, f"2026-{month + 1:02d}-{day:02d}", cents / 100) for account, month, day, cents in drawn
    )


def invoices_of(lines):
    """Table ``invoices`` of account, date and total."""
    lines = list(lines)
    return TABLES["invoices"].frame(
        {
            "account": [account for account, _, _ in lines],
            "invoice_id": list(range(1, len(lines) + 1)),
            "seen_at": ["2026-08-01"] * len(lines),
            "invoice_date": pd.to_datetime([date for _, date, _ in lines]).as_unit("us"),
            "status": ["created"] * len(lines),
            "total_cost": [float(total) for _, _, total in lines],
        }
    )


def days_of(*lives):
    """Table ``vm_days`` of VM, first day, last day and the columns that differ from a plain VM."""
    rows = [
        {"account": "main", "vm_id": vm_id, "date": date, "vm_name": f"vm-{vm_id}", "package": "Small",
         "location": "Warsaw", "presence": "seen", **others}
        for vm_id, first, last, others in lives
        for date in pd.date_range(first, last)
    ]  # fmt: skip
    return TABLES["vm_days"].cast(pd.DataFrame(rows))


PRICES = st.one_of(st.integers(0, 10**6).map(lambda cents: cents / 100), st.sampled_from([0.01, 1e-6, 1e9, 3.0]))


@st.composite
def prices(draw):
    """Records of a price book that prices every package everywhere, some also by location."""
    general = [{"package": package, "monthly_price": draw(PRICES)} for package in PACKAGES]
    local = [
        {"package": package, "location": location, "monthly_price": draw(PRICES)}
        for package in PACKAGES
        for location in LOCATIONS[:2]
        if draw(st.booleans())
    ]
    return general + local
