"""Deploying and deleting VMs, user data scripts, support tickets: checked, sent once, followed and written down.

Whoever calls these functions has decided: they ask nobody. Passwords, keys and the contents of scripts are kept as
`Secret` from the first line on, and are in no log, error, repr or archive.
"""

from vmgen_analytics.provisioning.deleting import Deletion, delete
from vmgen_analytics.provisioning.deploying import Deployment, deploy
from vmgen_analytics.provisioning.orders import Order
from vmgen_analytics.provisioning.scripts import save_user_data_script
from vmgen_analytics.provisioning.tickets import open_ticket

__all__ = ["Deletion", "Deployment", "Order", "delete", "deploy", "open_ticket", "save_user_data_script"]
