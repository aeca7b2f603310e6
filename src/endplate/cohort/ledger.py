"""What is done already: a small ``run.json`` beside each report says from which input it was made, and with what.

It is written last, hence its presence means that the report and the picture are complete.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = "run.json"


@dataclass(frozen=True)
class Origin:
    """Which input a result is made from.

    Attributes:
        path: absolute path of the file or folder.
        series: Series Instance UID where a folder may hold several, or the reason of a refusal.
        state: hash of the files' names, sizes and times of change.
    """

    path: str
    series: str
    state: str

    @property
    def key(self) -> str:
        """The same for the same input, whether its files changed or not."""
        return f"{self.path}\n{self.series}"


@dataclass(frozen=True)
class Maker:
    """Everything that decides what a result looks like, given the input.

    Attributes:
        software: version of endplate.
        models: SHA-256 by stage.
        top_level: as given by the user, or None.
        norms: the table by which losses were judged: its name and a hash of its numbers.
    """

    software: str
    models: dict[str, str]
    top_level: str | None = None
    norms: str = ""


def origin(path: Path, files: Iterable[Path], series: str = "") -> Origin:
    """The origin of a scan; a file that is gone counts as empty."""
    state = hashlib.sha256()
    for file in sorted(set(files)):
        facts = file.stat() if file.exists() else None
        state.update(f"{file.name} {facts.st_size if facts else 0} {facts.st_mtime_ns if facts else 0}\n".encode())
    return Origin(str(path.resolve()), series, state.hexdigest()[:16])


def is_done(folder: Path, source: Origin, maker: Maker) -> bool:
    """Whether a folder holds the finished result of this input in this state by this maker."""
    noted = _read(folder)
    wanted = {"origin": asdict(source), "maker": asdict(maker)}
    return (folder / "report.json").is_file() and all(noted.get(key) == value for key, value in wanted.items())


def finished(out: Path) -> list[Path]:
    """Folders that hold a finished result of any input, in order of their names."""
    return sorted(file.parent for file in out.glob(f"[!.]*/{FILE}") if (file.parent / "report.json").is_file())


def missing(folder: Path, wanted: Collection[str]) -> frozenset[str]:
    """Which of the wanted renderings a finished result lacks: those never made, and those of which a file is gone."""
    made = held(folder)
    return frozenset(n for n in wanted if n not in made or not all((folder / file).is_file() for file in made[n]))


def note(folder: Path, source: Origin, maker: Maker, renderings: Mapping[str, Collection[str]]) -> None:
    """Says that a folder's result is finished, and with which files of which renderings."""
    content = {"origin": asdict(source), "maker": asdict(maker), "renderings": {k: list(v) for k, v in renderings.items()}}
    (folder / FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def note_further(target: Path, folder: Path, renderings: Mapping[str, Collection[str]]) -> None:
    """The note of a folder's result with further renderings, written into the target folder."""
    content = {**_read(folder), "renderings": {**held(folder), **{k: list(v) for k, v in renderings.items()}}}
    (target / FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def held(folder: Path) -> dict[str, list[str]]:
    """The renderings that a finished result says to have, with their files."""
    found = _read(folder).get("renderings")
    if not isinstance(found, dict):
        return {}
    return {name: [Path(str(f)).name for f in files] for name, files in found.items() if isinstance(files, list)}


class Names:
    """Folder names in an output folder: an input keeps the name that it had, and never gets another input's."""

    def __init__(self, out: Path) -> None:
        self._owners: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for file in sorted(out.glob(f"[!.]*/{FILE}")):
            held = _read(file.parent).get("origin")
            if isinstance(held, dict) and {"path", "series"} <= set(held):
                key = Origin(str(held["path"]), str(held["series"]), "").key
                self._owners[file.parent.name.lower()] = key
                self._names.setdefault(key, file.parent.name)
        self._next: dict[str, int] = {}

    def claim(self, wanted: str, source: Origin) -> str:
        """The name that the input had, else the wanted one, with ``-2``, ``-3``, ... where another input holds it."""
        if source.key in self._names:
            return self._names[source.key]
        count = self._next.get(wanted.lower(), 1)
        while (name := wanted if count == 1 else f"{wanted}-{count}").lower() in self._owners:
            count += 1
        self._next[wanted.lower()] = count + 1
        self._owners[name.lower()], self._names[source.key] = source.key, name
        return name


def _read(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
