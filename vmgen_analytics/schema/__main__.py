"""Print the data dictionary of the README."""

from vmgen_analytics.schema import data_dictionary

print(data_dictionary())  # noqa: T201 - this is the command that writes the README's dictionary
