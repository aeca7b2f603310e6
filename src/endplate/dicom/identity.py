"""Unique identifiers that depend on the input and on what made the result, and on nothing else.

The same series, quantified by the same version with the same weights, norms and names, gives the same UIDs, so that sending a
result twice stores it once. Anything else that can change a result makes new ones.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from uuid import UUID, uuid5

from endplate.report.report import Report, Software

_NAMESPACE = UUID("6f0d3a52-6d0a-5c39-9f5e-3a6f8f0c2b71")
"""Of endplate's name-based UUIDs (RFC 9562, version 5); never to be changed."""


def uid(*parts: str) -> str:
    """A UID from words: ``2.25.`` and a name-based UUID as a decimal number (PS3.5 annex B.2).

    >>> uid("a", "b") == uid("a", "b") != uid("ab", "")
    True
    """
    # a name may come from a path, whose bytes need not be text
    name = chr(31).join(parts).encode("utf-8", "backslashreplace").decode("utf-8")
    return f"2.25.{uuid5(_NAMESPACE, name).int}"


def model_key(software: Software) -> str:
    """Which weights, in one word."""
    return ";".join(f"{stage}={model.name}:{model.sha256}" for stage, model in sorted(software.models.items()))


def maker_key(report: Report) -> str:
    """Everything besides the scan that a result depends on: version, weights, norms, names given by a reader, outcome, review."""
    levels = report.levels
    given = levels.top or "" if levels is not None and levels.given_by_reader else ""
    reviewed = (review_key(report),) if report.review is not None else ()
    return chr(30).join(
        (report.software.version, model_key(report.software), report.software.norms, given, report.status, *reviewed)
    )


def review_key(report: Report) -> str:
    """The review with its version, and a hash of all that it leaves behind; empty where nobody saved one."""
    if report.review is None:
        return ""
    # a review that confirms no name has the key that it had before names could be confirmed
    state = {k: v for k, v in asdict(report.review).items() if k != "confirmed" or v}
    content = (state, [asdict(entry) for entry in report.vertebrae])
    return f"{report.review.version} {sha256(json.dumps(content).encode()).hexdigest()}"


def tracking_uid(series_uid: str, level: str, software: Software, review: str = "") -> str:
    """Of one vertebra in one series as one set of weights sees it (PS3.16 TID 4108), or a reader in one version of a review."""
    return uid("vertebra", series_uid, level, model_key(software), *((review,) if review else ()))


def device_uid(software: Software) -> str:
    """Of the software as an observer (PS3.16 TID 1004)."""
    return uid("device", software.version, model_key(software))
