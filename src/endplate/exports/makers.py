"""Name of a file -> its bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from endplate.errors import InputRefused
from endplate.exports.picture import overview_of, page_picture_of
from endplate.exports.reviewed_scan import ExportInput


def export(name: str, scan: ExportInput) -> bytes:
    """One file of a reviewed scan; the same input gives the same bytes, but for the moment in unsigned DICOM objects.

    Args:
        name: of ``NAMES``.
        scan: with the version of its review that the file is to show.

    Raises:
        ValueError: if there is no export of that name.
        InputRefused: ``no_review`` where a file is of a review and there is none, or it cannot be truth; ``review_rejected``,
            ``no_dicom_source`` or ``other_predecessor`` where there can be no DICOM object.
    """
    return _maker(name)[1](scan)


def media_type(name: str) -> str:
    """What to call the bytes in HTTP.

    Raises:
        ValueError: if there is no export of that name.
    """
    return _maker(name)[0]


def _maker(name: str) -> tuple[str, Callable[[ExportInput], bytes]]:
    if name not in MAKERS:
        raise ValueError(f"name: expected one of {', '.join(MAKERS)}, got {name[:80]!r}")
    return MAKERS[name]


def _report(scan: ExportInput) -> bytes:
    return scan.reviewed.to_json().encode()


def _findings(scan: ExportInput) -> bytes:
    from endplate.report.table import findings_csv

    return findings_csv([scan.reviewed])


def _pdf(scan: ExportInput) -> bytes:
    from endplate.report.pdf import page_pdf

    return page_pdf(scan.reviewed, page_picture_of(scan))


def _html(scan: ExportInput) -> bytes:
    from endplate.report.page import page_html

    return page_html(scan.reviewed, page_picture_of(scan)).encode()


def _dicom(name: str, content: Callable[[ExportInput], bytes]) -> Callable[[ExportInput], bytes]:
    def made(scan: ExportInput) -> bytes:
        from endplate.dicom.results import dicom_result  # highdicom takes half a second to import

        return dicom_result(name, scan.reviewed, content(scan), previous=scan.previous.get(name), organisation=scan.organisation)

    return made


def _fhir(scan: ExportInput) -> bytes:
    from endplate.report.fhir import fhir_bundle

    return _json(fhir_bundle(scan.reviewed))


def _slicer(scan: ExportInput) -> bytes:
    from endplate.report.slicer import slicer_markups

    return _json(slicer_markups(scan.reviewed))


def _review(scan: ExportInput) -> bytes:
    if scan.review is None:
        raise InputRefused("no_review", f"{scan.model.source.name}: nobody has saved a review; save one, then export it")
    return scan.review.to_json().encode()


def _truth(scan: ExportInput) -> bytes:
    from endplate.review.truth import ReviewedScan, truth_content

    name = scan.model.source.name
    if scan.review is None:
        raise InputRefused("no_review", f"{name}: nobody has saved a review; sign one, then export the truth")
    signed = ReviewedScan(name, scan.model, scan.review, scan.reviewed)
    if signed.reason_against is not None:
        raise InputRefused("no_review", f"{name}: the review is no truth: {signed.reason_against}; sign one that is")
    return _json(truth_content(signed))


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()


MAKERS: Mapping[str, tuple[str, Callable[[ExportInput], bytes]]] = {
    "report.json": ("application/json", _report),
    "findings.csv": ("text/csv; charset=utf-8", _findings),
    "report.pdf": ("application/pdf", _pdf),
    "report.html": ("text/html; charset=utf-8", _html),
    "report.sr.dcm": ("application/dicom", _dicom("report.sr.dcm", lambda _: b"")),
    "overview.sc.dcm": ("application/dicom", _dicom("overview.sc.dcm", overview_of)),
    "report.pdf.dcm": ("application/dicom", _dicom("report.pdf.dcm", _pdf)),
    "overview.png": ("image/png", overview_of),
    "fhir.json": ("application/fhir+json", _fhir),
    "slicer.mrk.json": ("application/json", _slicer),
    "review.json": ("application/json", _review),
    "truth.json": ("application/json", _truth),
}
NAMES: tuple[str, ...] = tuple(MAKERS)
"""Of every file that can be exported."""
