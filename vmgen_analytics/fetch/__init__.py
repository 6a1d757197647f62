"""JSON -> tidy tables, one file a resource: ``fetch_`` returns a table or raises, ``read_`` returns what came."""

from vmgen_analytics.fetch.accounts import fetch_accounts, read_accounts
from vmgen_analytics.fetch.catalogue import (
    fetch_marketplace,
    fetch_os_images,
    fetch_ssh_keys,
    fetch_user_data_scripts,
)
from vmgen_analytics.fetch.invoices import fetch_invoices, read_invoices
from vmgen_analytics.fetch.jobs import fetch_jobs, read_jobs
from vmgen_analytics.fetch.locations import fetch_locations, read_locations
from vmgen_analytics.fetch.networking import fetch_networking, read_networking
from vmgen_analytics.fetch.packages import fetch_packages, read_packages
from vmgen_analytics.fetch.tidy import Fetched
from vmgen_analytics.fetch.usage import fetch_usage, read_usage
from vmgen_analytics.fetch.vms import fetch_vms, read_vms

__all__ = [
    "Fetched",
    "fetch_accounts",
    "fetch_invoices",
    "fetch_jobs",
    "fetch_locations",
    "fetch_marketplace",
    "fetch_networking",
    "fetch_os_images",
    "fetch_packages",
    "fetch_ssh_keys",
    "fetch_usage",
    "fetch_user_data_scripts",
    "fetch_vms",
    "read_accounts",
    "read_invoices",
    "read_jobs",
    "read_locations",
    "read_networking",
    "read_packages",
    "read_usage",
    "read_vms",
]
