"""A month of a made-up fleet as what its statements stand on."""

from dataclasses import replace

from made_up_facts import FLEET, facts_of, vm

from vmgen_analytics import CostCentres, SharedCosts, assigned_costs
from vmgen_analytics.report.statement_month import StatementMonth

TOTALS = (("2026-09", 50.0), ("2026-10", 60.01), ("2026-11", 100.0), ("2026-11", 33.33), ("2026-11", -10.0))
RULES = (
    {"name": "web*", "cost_centre": "Web shop"},
    {"name": "db", "cost_centre": "Web shop", "share": 60},
    {"name": "db", "cost_centre": "Blog", "share": 40},
    {"name": "young", "cost_centre": "Blog"},
    {"name": "monitor*", "cost_centre": "platform"},
    {"name": "nothing", "cost_centre": "idle"},
)
SHARED = ({"cost_centre": "platform", "split": "direct_cost"},)
MONITORS = (vm(6, "monitor", "Large"), vm(7, "monitor-2"))


def month_of(fleet=(*FLEET, *MONITORS), totals=TOTALS, rules=RULES, shared=SHARED, **others):
    """Everything behind the statements of November 2026."""
    facts = facts_of(fleet, totals, **others)
    centres = CostCentres.of(rules, source="data/cost_centres.csv, line")
    sharing = SharedCosts.of(shared, centres, source="data/shared_costs.csv, line")
    facts = replace(facts, costs=assigned_costs(facts.costs, centres, sharing))
    return StatementMonth(facts, centres, sharing, facts.states[facts.month])
