"""The report of an input that was refused."""

from __future__ import annotations

from endplate import pipeline
from endplate.cohort.worklist import Job
from endplate.errors import InputRefused
from endplate.models import Models
from endplate.morphometry.norms import Norms
from endplate.report.build import Context, empty_report, source_of
from endplate.report.report import Message, Report
from endplate.volume.volume import Source


def refused(job: Job, refusal: InputRefused, models: Models, norms: Norms) -> Report:
    """A report with status ``refused`` whose first message is the reason."""
    kind = job.scan.kind if job.scan is not None else "unread"
    tags = job.scan.series.tags if job.scan is not None and job.scan.series is not None else {}
    notes = job.scan.messages if job.scan is not None else ()
    messages = (Message(refusal.code, "error", refusal.message), *(Message("reader", "info", text) for text in notes))
    source = source_of(Source(kind, job.origin.path, job.name, dict(tags)))
    return empty_report(Context(pipeline.software(models, norms), source, messages), "refused")
