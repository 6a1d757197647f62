"""How a provider's answers differ from its page: every read once, told without a name or a secret of anybody's."""

from vmgen_analytics.doctor.examination import Examination, examine
from vmgen_analytics.doctor.seen import Seen

__all__ = ["Examination", "Seen", "examine"]
