"""Many scans: which there are, which are done already, and one after the other whatever happens."""

from endplate.cohort.ledger import Maker
from endplate.cohort.run import Destination, Outcome, run
from endplate.cohort.tables import write_tables
from endplate.cohort.worklist import Job, worklist

__all__ = ["Destination", "Job", "Maker", "Outcome", "run", "worklist", "write_tables"]
