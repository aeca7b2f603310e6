"""Every code that endplate may refuse an input with, or leave a file out by: its severity, its meaning and its remedy.

docs/reference/refusal-codes.md shows this table; tests hold the two equal, and the table complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Refusal:
    """One row.

    Attributes:
        severity: ``error`` for what costs a result, ``info`` for what is rightly left out.
        found: what was found, in Markdown.
        remedy: what to do about it, in Markdown.
    """

    severity: Literal["info", "error"]
    found: str
    remedy: str


REFUSALS = {
    "no_scan": Refusal(
        "error", "the path does not exist, or holds no CT", "give a file, folder or zip with DICOM, NIfTI, NRRD or MHA"
    ),
    "several_scans": Refusal(
        "error", "Python only: `endplate.quantify` was given scans of several studies", "give one; the command line takes them all"
    ),
    "no_such_series": Refusal("error", "`--series`: no CT series has that UID", "give one of those that the message lists"),
    "not_dicom": Refusal("error", "a file that should be DICOM is not", "give the CT's own files"),
    "not_ct": Refusal("error", "MR, PET or another modality", "give a CT series"),
    "not_a_ct": Refusal("error", "colours, complex numbers or vectors per voxel", "convert to one number per voxel"),
    "not_a_volume": Refusal("error", "a 2D or 4D image", "export one 3D volume"),
    "not_hounsfield": Refusal(
        "error", "values that are no Hounsfield units: a mask, a windowed image, a lost intercept", "give the CT itself"
    ),
    "too_few_slices": Refusal("error", "fewer slices than make a volume", "give the folder of the whole series"),
    "too_large": Refusal("error", "more voxels than any CT has", "the header is damaged, or crop"),
    "unreadable": Refusal("error", "the file cannot be opened or decoded", "check permissions and disk; export again"),
    "bad_header": Refusal("error", "header fields contradict each other", "export again"),
    "bad_data_file": Refusal("error", "a NRRD or MHA header points nowhere", "put the data file beside it"),
    "no_pixels": Refusal("error", "DICOM without Pixel Data", "export the images, not the index"),
    "truncated": Refusal("error", "fewer bytes than the header promises", "send the file again"),
    "undecodable": Refusal("error", "compressed pixels are damaged", "send the file again"),
    "deflated": Refusal(
        "error", "deflated DICOM beyond the bounds: 8 MB of header, 64 MB of pixels in a file", "store as Explicit VR Little Endian"
    ),
    "unknown_syntax": Refusal("error", "a transfer syntax that the standard does not have", "convert"),
    "codec_missing": Refusal("error", "compressed pixels without the codec", "`pip install 'endplate[codecs]'`"),
    "bad_rescale": Refusal("error", "slope or intercept that are no numbers, or slope 0", "fix the header"),
    "no_values": Refusal("error", "every voxel is NaN or infinite", "export again"),
    "constant": Refusal("error", "every voxel has the same value", "export again"),
    "bad_zip": Refusal(
        "error", "a damaged archive, or one compressed by another method than deflate", "copy it again, or give the unpacked folder"
    ),
    "zip_encrypted": Refusal("error", "an archive with a password", "give the unpacked folder"),
    "zip_unsafe": Refusal("error", "a member that is a link, or whose path leads out of the archive", "do not trust this archive"),
    "zip_too_large": Refusal(
        "error",
        "more than 50,000 files, 8 GB, 200 times the archive's size, or the room for temporary files",
        "give the unpacked folder",
    ),
    "no_geometry": Refusal("error", "no position, orientation or spacing", "export the original series"),
    "bad_geometry": Refusal("error", "directions that are no directions", "fix the header"),
    "absurd_spacing": Refusal("error", "voxels smaller or larger than any scanner's", "fix the header"),
    "missing_slices": Refusal("error", "a gap; the message gives the positions", "send the series again"),
    "overlapping_slices": Refusal("error", "different slices at one position", "separate the acquisitions"),
    "uneven_spacing": Refusal("error", "the spacing changes within the series", "give the parts as series"),
    "shifting_slices": Refusal("error", "slices shifted sideways against each other", "give the parts as series"),
    "no_image": Refusal("info", "DICOM without an image: reports, presentation states, dose", "nothing"),
    "secondary_capture": Refusal("info", "pictures", "nothing"),
    "colour": Refusal("info", "colour pictures", "nothing"),
    "localiser": Refusal("info", "scout views", "nothing"),
    "projection": Refusal("info", "projections", "nothing"),
    "rendering": Refusal("info", "renderings of a volume", "nothing"),
    "screen_capture": Refusal("info", "pictures of a screen", "nothing"),
    "dose_report": Refusal("info", "pictures of a dose report", "nothing"),
    "unknown_file": Refusal("info", "a file of no known kind beside scans", "nothing"),
    "not_taken": Refusal("info", "a good CT series of a study, passed over for a better one", "`--all-series`, or `--series UID`"),
    "fault": Refusal("error", "endplate itself failed on this scan; exit code 1", "report it with `traceback.txt`"),
    "worker_died": Refusal(
        "error",
        "`endplate cohort`: the process that measured this scan was killed, or crashed, twice; exit code 1",
        "`--retry-failed --workers 1`, with more memory where it ran out; report a crash",
    ),
    "missing_model": Refusal("error", "weights are missing; exit code 4", "install anew, or give a full folder to `--models`"),
    "damaged_model": Refusal("error", "weights cannot be loaded; exit code 4", "install anew"),
    "wrong_model": Refusal("error", "a folder of another kind or version; exit code 4", "check the folder"),
    "training_missing": Refusal("error", "torch is not installed; exit code 4", "`pip install 'endplate[training]'`"),
    "bad_levels": Refusal("error", "`endplate phantom`: levels that do not exist or do not run head to feet", "write `C7-L5`"),
    "bad_fracture": Refusal("error", "`endplate phantom`: not LEVEL:SHAPE:GRADE", "write `T12:wedge:2`"),
    "rendering_failed": Refusal(
        "error",
        "a library is missing, or endplate itself failed; exit code 1",
        "install what the message names, or report it with `traceback.txt`; ask for the same file again",
    ),
    "no_dicom_source": Refusal(
        "error",
        "results as DICOM asked for a scan that is no DICOM, whose files are gone, or whose study has no valid UID",
        "give the DICOM series",
    ),
    "other_predecessor": Refusal("error", "an earlier result that is of another study or kind", "leave it out"),
    "bad_manifest": Refusal(
        "error",
        "a manifest of a cohort that cannot be read, or a row of it that names no scan",
        "CSV in UTF-8 or Parquet with a column `path` or `url`",
    ),
    "no_truth": Refusal("error", "`endplate evaluate`: no annotated cases", "give the folder with CASE/truth.json"),
    "bad_case": Refusal("error", "`endplate evaluate`: a truth or report that cannot be read", "write it again"),
    "no_report": Refusal(
        "error", "finished reports were to be taken into the worklist, and there are none", "give the folder with SCAN/report.json"
    ),
    "bad_url": Refusal("error", "a URL that does not end with `studies/UID/series/UID`", "give the DICOMweb URL of one series"),
    "server_unreachable": Refusal("error", "the DICOMweb server does not answer", "check the address and the network"),
    "not_on_server": Refusal("error", "the DICOMweb server does not have that series", "check the UIDs in the URL"),
    "server_refused": Refusal(
        "error", "the DICOMweb server answered with an error; the message gives its status", "check your rights there, see its log"
    ),
    "incomplete_transfer": Refusal(
        "error", "fewer instances came than the DICOMweb server lists", "try again; see the server's log"
    ),
    "cohort_missing": Refusal("error", "a library for many scans is not installed", "`pip install 'endplate[cohort]'`"),
    "service_missing": Refusal(
        "error", "`endplate serve`: a library that it needs is not installed; exit code 4", "`pip install 'endplate[service]'`"
    ),
    "cluster_unreachable": Refusal(
        "error", "no Dask scheduler answers at the address; exit code 6", "start one with `dask scheduler`; check the address"
    ),
    "cluster_lost": Refusal("error", "the Dask scheduler went away; exit code 6", "start it again, repeat the command"),
    "no_slurm": Refusal("error", "`--slurm` where there is no `sbatch`; exit code 6", "log in to a Slurm login node"),
    "no_review": Refusal(
        "error", "truth or a review was asked for: nobody saved a review, or none that is signed and accepted", "sign one"
    ),
    "review_rejected": Refusal(
        "error", "results as DICOM asked for a result that a reader rejected", "sign a version that accepts it, or send nothing"
    ),
    "bad_review": Refusal(
        "error", "`endplate export-truth`: a review or its report that cannot be read, or do not fit", "save the review again"
    ),
    "other_scan": Refusal(
        "error", "images for a review: what lies under the report's path is not the scan that was measured", "measure it anew"
    ),
    "no_vertebrae": Refusal("error", "a phantom without vertebrae", "give at least one"),
}
"""By code."""
