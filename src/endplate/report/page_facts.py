"""What the report page says of the scan as a whole, as pairs of name and value."""

from __future__ import annotations

from endplate.report import report as r
from endplate.report.page_table import chance

Pairs = tuple[tuple[str, str], ...]
# names of the tags in words; tags without one keep their own name
TAG_WORDS = {
    "study_instance_uid": "Study Instance UID",
    "series_description": "Series Description",
    "manufacturer": "Manufacturer",
    "kernel": "Convolution kernel",
    "slice_thickness": "Slice Thickness, mm",
}


def facts_of(report: r.Report) -> Pairs:
    """The summary in numbers."""
    s = report.summary
    if s is None:
        return ()
    found = [
        ("Vertebrae found, assessed", f"{s.vertebrae}, {s.assessed}"),
        ("Fractures, grade 2 or 3", str(s.fractures)),
        ("Mild deformities, grade 1", str(s.mild_deformities)),
    ]
    if s.assessed:
        found.append(("Probability of any grade 2 or 3", chance(s.fracture_probability)))
        found.append(("Spinal Deformity Index, T4 to L4", str(s.spinal_deformity_index)))
    if s.kyphosis_deg is not None:
        found.append(("Kyphosis, Cobb angle T4 to T12", f"{s.kyphosis_deg:.0f}°"))
    return tuple(found)


def level_names_of(report: r.Report) -> tuple[str, ...]:
    """How sure the names are."""
    names = report.levels
    if names is None or names.top is None:
        return ()
    if names.given_by_reader:
        return (f"Names were {_by_reader(report)} by a reader: the first vertebra is {names.top}.",)
    said = f"The first vertebra is taken for {names.top}; all names are right with a probability of {chance(names.confidence)}."
    doubt = ("Level names are uncertain: count them on the CT before you use them.",) if names.uncertain else ()
    if names.alternative is None:
        return (said, *doubt)
    return (said, f"Next likely: {names.alternative} ({chance(names.alternative_probability)}).", *doubt)


def _by_reader(report: r.Report) -> str:
    confirmed = report.review.confirmed if report.review else ()
    if not confirmed:
        return "given"
    return "confirmed" if all(e.level in confirmed for e in report.vertebrae if e.level) else "given or confirmed"


def density_of(report: r.Report) -> tuple[str, ...]:
    """Attenuation of trabecular bone with its conditions; empty where nothing was measured."""
    found = report.summary.density if report.summary else None
    lines: list[str] = []
    if found is not None:
        voltage = f" at {report.source.kvp:g} kV" if report.source.kvp else ""
        lines.append(f"{found.level}: mean attenuation of trabecular bone {found.mean_hu:.0f} HU{voltage}.")
        lines.append(f"Category: {found.category}." if found.category else "No category under these conditions.")
        lines += [f"Condition: {text}." if not text.endswith(".") else f"Condition: {text}" for text in found.conditions]
        lines.append("Opportunistic measurement on a CT made for another reason; it does not replace densitometry.")
    measured = found is not None or any(e.hu is not None for e in report.vertebrae)
    without: dict[str, list[str]] = {}
    for e in report.vertebrae:
        if e.hu is None and e.hu_reason:
            without.setdefault(e.hu_reason, []).append(e.level or "unnamed level")
    if measured or without:
        lines += [f"Not measured: {', '.join(levels)} ({reason})." for reason, levels in without.items()]
    return tuple(lines)


def provenance_of(report: r.Report) -> Pairs:
    """Software, weights, norms and source, so that a result can be traced and made again."""
    software, source = report.software, report.source
    pairs = [("Software", f"endplate {software.version}")]
    pairs += [(f"Weights, {stage}", f"{m.name}, SHA-256 {m.sha256}") for stage, m in software.models.items()]
    pairs += [("Norms", software.norms), ("Report schema", report.schema), ("Source", f"{source.kind}, {source.path}")]
    if source.series_instance_uid:
        pairs.append(("Series Instance UID", source.series_instance_uid))
    if source.shape_vox:
        pairs.append(("Voxels, slices x rows x columns", " x ".join(map(str, source.shape_vox))))
    if source.spacing_mm:
        pairs.append(("Spacing, mm", " x ".join(f"{v:g}" for v in source.spacing_mm)))
    pairs.append(("Tube voltage", f"{source.kvp:g} kV" if source.kvp else "not stated"))
    pairs.append(("Contrast agent", source.contrast or "not stated"))
    pairs += [(TAG_WORDS.get(name, name), str(value)) for name, value in source.tags.items() if value is not None]
    if "total" in report.timing_s:
        pairs.append(("Processing time", f"{report.timing_s['total']:.1f} s"))
    return tuple(pairs)
