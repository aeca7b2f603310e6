"""Many scans: which there are, which are done already, and all the others whatever happens, one by one or many at a time."""

from endplate.cohort.ledger import Maker
from endplate.cohort.run import Destination, Outcome, run
from endplate.cohort.tables import write_tables
from endplate.cohort.work import Orders, Recipe, measured
from endplate.cohort.worklist import Job, stream, worklist

__all__ = ["Destination", "Job", "Maker", "Orders", "Outcome", "Recipe", "measured", "run", "stream", "worklist", "write_tables"]
