"""Runs the FinOps Foundation's validator on FOCUS files, by an interpreter of its own: prints the failed rules as JSON.

Its exit status is 0 even where rules fail, it reads its list of currencies from the current folder, and leaves a log
there: hence the folder, and the reading of its results. `python official_validator.py FILE...`, in Python 3.12 with
focus-validator 2.2.1 and pyarrow below 24.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

CLAIMED = (
    "ACCOUNT_NAMING_SUPPORTED",
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED",
    "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED",
    "REGION_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "TAGGING_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED",
)


def failed_rules(file: Path) -> tuple[list[str], int]:
    """Name the rules that a file fails, and count those that it passes."""
    from focus_validator.validator import Validator

    results = Path("results.xml")
    results.unlink(missing_ok=True)
    Validator(
        data_filename=str(file),
        output_type="unittest",
        output_destination=str(results),
        rules_version="1.2",
        rules_block_remote_download=True,
        focus_dataset="CostAndUsage",
        applicability_criteria=",".join(CLAIMED),
    ).validate()
    failed, passed = set(), 0
    for case in ElementTree.parse(results).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(case.get("name").split(" ::")[0])
        elif case.find("skipped") is None:
            passed += 1
    return sorted(failed), passed


def main() -> None:
    import focus_validator

    files = [Path(name).resolve() for name in sys.argv[1:]]
    currencies = Path("focus_validator/rules/currency_codes.csv")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        currencies.parent.mkdir(parents=True)
        shutil.copy(Path(focus_validator.__file__).parent / "rules" / currencies.name, currencies)
        found = {}
        for file in files:
            failed, passed = failed_rules(file)
            found[str(file)] = {"failed": failed, "passed": passed}
        os.chdir("/")
    Path(os.environ["FOCUS_RESULTS"]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
