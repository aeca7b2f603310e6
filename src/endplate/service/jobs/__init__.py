"""Jobs that outlive the process that does them: finding scans, measuring them, taking finished reports."""

from endplate.service.jobs.orders import Jobs
from endplate.service.jobs.supervise import Staff, Workers, start_workers

__all__ = ["Jobs", "Staff", "Workers", "start_workers"]
