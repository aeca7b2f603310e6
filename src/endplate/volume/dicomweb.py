"""A CT series on a DICOMweb server (PS3.18 sections 10.4 and 10.6), fetched into a temporary folder that is gone afterwards.

Passwords come from ``~/.netrc``, a bearer token from the environment variable ``ENDPLATE_DICOMWEB_TOKEN``; a URL never holds one,
since it is written into reports.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from endplate.errors import InputRefused

if TYPE_CHECKING:
    from dicomweb_client import DICOMwebClient
    from requests import Session

TOKEN = "ENDPLATE_DICOMWEB_TOKEN"
TIMEOUTS_S = (10.0, 120.0)
"""For a connection, and between two packets of an answer."""
_ATTEMPTS = 3
"""With pauses of 2 and 4 s, where the server is busy or does not answer."""
_CHUNK_BYTES = 1 << 20
_UID = r"[0-9]+(?:\.[0-9]+)*"
_URL = re.compile(rf"(https?://[^/@?#\s]+(?:/[^/@?#\s]+)*)/studies/({_UID})/series/({_UID})/?")
_AS_STORED = (("application/dicom", "*"),)
"""In whatever transfer syntax the server has it, so that it need not decompress."""


@dataclass(frozen=True)
class SeriesAddress:
    """Where a series is.

    Attributes:
        service: URL of the DICOMweb service.
        study: Study Instance UID.
        series: Series Instance UID.
    """

    service: str
    study: str
    series: str

    @property
    def url(self) -> str:
        """Of the series itself, always written in the same way."""
        return f"{self.service}/studies/{self.study}/series/{self.series}"


def is_url(text: str) -> bool:
    """Whether an input is on a server rather than a path.

    >>> is_url("https://pacs/dicom-web/studies/1.2/series/1.2.3"), is_url("scans/https")
    (True, False)
    """
    return re.match(r"https?://", text, re.IGNORECASE) is not None


def shown(url: str) -> str:
    """A URL without the password that it should not hold.

    >>> shown("https://anna:secret@pacs/dicom-web")
    'https://***@pacs/dicom-web'
    """
    return re.sub(r"//[^/]*@", "//***@", url)[:200]


def address(url: str) -> SeriesAddress:
    """The parts of a URL.

    Raises:
        InputRefused: ``bad_url``.

    >>> address("https://pacs.example/dicom-web/studies/1.2.3/series/1.2.3.4").series
    '1.2.3.4'
    """
    found = _URL.fullmatch(url)
    if found is None or max(len(found[2]), len(found[3])) > 64:
        expected = "expected https://HOST/SERVICE/studies/UID/series/UID without password, query or fragment"
        raise InputRefused("bad_url", f"{shown(url)!r} is no DICOMweb URL of a series; {expected}; give the URL of one series")
    return SeriesAddress(*found.groups())


@contextmanager
def fetched(place: SeriesAddress) -> Iterator[Path]:
    """A temporary folder with the files of a CT series, under numbers; gone when the block ends, however it ends.

    Raises:
        InputRefused: ``cohort_missing``, ``server_unreachable``, ``server_refused``, ``not_on_server``, ``not_ct``,
            ``incomplete_transfer``.
    """
    with tempfile.TemporaryDirectory(prefix="endplate-") as folder:
        _fetch(place, Path(folder))
        yield Path(folder)


def _fetch(place: SeriesAddress, folder: Path) -> None:
    try:
        from dicomweb_client import DICOMwebClient
    except ImportError as error:
        found = "an input on a DICOMweb server needs dicomweb-client, which is not installed"
        raise InputRefused("cohort_missing", f"{found}; install it: pip install 'endplate[cohort]'") from error
    token = os.environ.get(TOKEN)
    headers = {"Authorization": f"Bearer {token}"} if token else None
    with _session() as session, _explained(place):
        client = DICOMwebClient(place.service, session, headers=headers, chunk_size=_CHUNK_BYTES, timeout=TIMEOUTS_S)
        client.set_http_retry_params(max_attempts=_ATTEMPTS)
        expected = _expected(client, place)
        count = _retrieve(client, place, folder)
    if count < (expected or 1):
        found = f"{place.url}: {count} instances came"
        raise InputRefused("incomplete_transfer", f"{found}; expected {expected or 'some'}; try again, and see the server's log")


@contextmanager
def _session() -> Iterator[Session]:
    """Closes its answers as well: one that is left half-way keeps its connection open."""
    import requests

    answers: list[requests.Response] = []

    def remember(answer: requests.Response, **_: Any) -> None:
        answers.append(answer)

    with requests.Session() as session:
        session.hooks["response"].append(remember)
        try:
            yield session
        finally:
            for answer in answers:
                answer.close()


@contextmanager
def _explained(place: SeriesAddress) -> Iterator[None]:
    """Turns what goes wrong on the way into a refusal."""
    import requests
    from pydicom.errors import InvalidDicomError

    try:
        yield
    except (ValueError, InvalidDicomError) as error:  # an answer in another format than DICOMweb's
        found = f"{place.service} answers with something else than DICOMweb ({str(error)[:200]})"
        raise InputRefused("server_refused", f"{found}; expected a DICOMweb service; check the URL") from error
    except requests.HTTPError as error:
        raise _refused(place, error.response) from error
    except requests.exceptions.ChunkedEncodingError as error:
        found = f"{place.url}: the connection broke ({str(error)[:200]})"
        raise InputRefused("incomplete_transfer", f"{found}; expected whole files; try again") from error
    except requests.RequestException as error:
        raise _unreachable(place, error) from error


def _expected(client: DICOMwebClient, place: SeriesAddress) -> int | None:
    """Number of Series Related Instances of a CT series, where the server knows it."""
    fields = ["Modality", "NumberOfSeriesRelatedInstances"]
    found = client.search_for_series(place.study, fields=fields, search_filters={"SeriesInstanceUID": place.series})
    mine = [item for item in found if _value(item, "0020000E") in (None, place.series)]
    if not mine:
        raise _not_there(place)
    modality, count = _value(mine[0], "00080060"), _value(mine[0], "00201209")
    if modality not in (None, "CT"):
        raise InputRefused("not_ct", f"{place.url} has the modality {str(modality)[:20]!r}; expected CT; give a CT series")
    return int(count) if count is not None else None


def _value(item: dict[str, Any], tag: str) -> Any:
    """The first value of an element of the DICOM JSON model, PS3.18 annex F; None where it has none."""
    values = item.get(tag, {}).get("Value") or [None]
    return values[0]


def _retrieve(client: DICOMwebClient, place: SeriesAddress, folder: Path) -> int:
    """Writes one instance after the other, so that memory holds one; gives how many came."""
    count = 0
    try:
        for dataset in client.iter_series(place.study, place.series, media_types=_AS_STORED):
            count += 1
            dataset.save_as(folder / f"{count:06d}.dcm")
    except OSError as error:
        if isinstance(error, _network_errors()):
            raise
        found = f"{place.url} cannot be written into {folder.parent}: {error.strerror or error}"
        raise InputRefused("unreadable", f"{found}; expected room for it; set TMPDIR to another disk") from error
    return count


def _network_errors() -> type[OSError]:
    from requests import RequestException

    return RequestException


def _not_there(place: SeriesAddress) -> InputRefused:
    found = f"{place.service} has no series {place.series} in study {place.study}"
    return InputRefused("not_on_server", f"{found}; expected one that it lists; check the UIDs")


def _refused(place: SeriesAddress, response: Any) -> InputRefused:
    if response.status_code == 404:
        return _not_there(place)
    found = f"{place.service} answers {response.status_code} {response.reason}"
    remedy = f"give your password in ~/.netrc or your token in {TOKEN}" if response.status_code in (401, 403) else "see its log"
    return InputRefused("server_refused", f"{found} to the request for series {place.series}; expected 200; {remedy}")


def _unreachable(place: SeriesAddress, error: Exception) -> InputRefused:
    reason = str(getattr(error, "args", [""])[0] or error)[:200]
    found = f"{place.service} does not answer ({type(error).__name__}: {reason})"
    return InputRefused("server_unreachable", f"{found}; expected a DICOMweb server; check address, network and certificate")
