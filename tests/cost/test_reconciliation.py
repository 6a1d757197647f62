"""Why an invoice differs from its list cost, as far as it can be told."""

import pandas as pd
from strategies import days_of, invoices_of

from vmgen_analytics import PriceBook, allocated_costs, reconciliation
from vmgen_analytics.schema import TABLES


def test_births_and_deaths_that_are_bounds_are_a_reason_for_a_higher_invoice():
    days = days_of((1, "2026-10-01", "2026-10-31", {}), (2, "2026-10-10", "2026-10-20", {"vm_name": "short"}))
    book = PriceBook.of([{"package": "Small", "monthly_price": 31}])
    lives = TABLES["lifetimes"].frame(
        {
            "account": ["main", "main", "other"],
            "vm_id": [1, 2, 2],
            "incarnation": [1, 1, 1],
            "vm_name": ["vm-1", "short", "theirs"],
            "born_min": pd.to_datetime([None, "2026-10-04", "2026-10-04"]).as_unit("us"),
            "born_max": pd.to_datetime(["2026-10-01", "2026-10-10", "2026-10-10"]).as_unit("us"),
            "died_min": pd.to_datetime(["2026-10-31", "2026-10-20", "2026-10-20"]).as_unit("us"),
            "died_max": pd.to_datetime([None, "2026-11-02", None]).as_unit("us"),
        }
    )

    def state(total, lives):
        invoices = invoices_of([("main", "2026-10-31", total)])
        return reconciliation(invoices, allocated_costs(days, invoices, book), lives)["state"].item()

    words = (
        "births and deaths are bounds, so there may have been short on 11 days after 2026-10-20 and short on 5 days "
        "before 2026-10-10"
    )
    assert state(50, lives) == f"8.00 above list cost: what traffic costs is not known; {words}"
    assert "bounds" not in state(40, lives)  # fewer days than are known explain no more than they cost
    assert state(42, lives) == "matched"
    sure = lives.assign(
        born_min=lives["born_max"] - pd.Timedelta(days=1), died_max=lives["died_min"] + pd.Timedelta(days=1)
    )
    assert "bounds" not in state(50, sure)
    assert "bounds" not in state(50, lives[lives["account"] == "other"])
