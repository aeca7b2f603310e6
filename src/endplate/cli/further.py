"""Which files each scan gets beside its report and picture."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True)
class Further:
    """A switch for each of ``endplate.renderings.NAMES``.

    Attributes:
        html: write report.html as well, a page that needs no other file.
        pdf: write report.pdf as well, the same page on A4.
        fhir: write fhir.json as well, a FHIR R4 Bundle with DiagnosticReport and Observations.
        slicer: write slicer.mrk.json as well, points and heights as 3D Slicer markups.
        dicom: write report.sr.dcm, overview.sc.dcm and report.pdf.dcm as well, for scans that came as DICOM.
    """

    html: bool = False
    pdf: bool = False
    fhir: bool = False
    slicer: bool = False
    dicom: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are asked for."""
        return tuple(field.name for field, wanted in zip(fields(self), astuple(self), strict=True) if wanted)
