"""Mutated DICOM files: each must end in a volume or in one typed refusal, within 2 s of work and 1 GB of memory.

    python benchmarks/fuzz_dicom.py --count 10000 --seed 0
    python benchmarks/fuzz_dicom.py --only 4711 --seed 0        # one case again, with its traceback

Each case takes a small good series (several transfer syntaxes, single-frame and multi-frame, also zipped), mutates one of its
files and reads the folder in a process of its own. Case n of a seed is always the same. Exit code 1 if any case failed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("src", "tests")]

import numpy as np  # noqa: E402
from pydicom.encaps import encapsulate  # noqa: E402
from pydicom.uid import (  # noqa: E402
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from dicom_series_factory import Recipe, enhanced_dataset, quiet, slice_dataset, stored_of, write, write_series  # noqa: E402
from endplate.errors import InputRefused  # noqa: E402
from endplate.volume.read import read  # noqa: E402

RECIPE = Recipe(places_mm=tuple(2.5 * k for k in range(4)), shape=(48, 64), series_uid="1.2.826.0.1.3680043.8.498.99")
NATIVE = {
    "explicit": ExplicitVRLittleEndian,
    "implicit": ImplicitVRLittleEndian,
    "big-endian": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
}
MOST_CPU_S, MOST_RSS_BYTES = 2.0, 1 << 30
MOST_ADDRESS_BYTES, MOST_WALL_S = 6 << 30, 60.0


@dataclass
class Totals:
    """What became of the cases."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, object]] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    rss_bytes: list[int] = field(default_factory=list)


def main() -> int:
    arguments = parsed()
    with tempfile.TemporaryDirectory(prefix="fuzz") as place, quiet():
        temporary = Path(place) / "temporary"
        temporary.mkdir()
        tempfile.tempdir = str(temporary)
        bases = good_series(Path(place) / "good")
        for base in bases:
            read(base)  # also loads every codec before the first fork
        totals = Totals()
        numbers = range(arguments.count) if arguments.only is None else [arguments.only]
        began = time.monotonic()
        for number in numbers:
            one_case(Path(place) / "case", bases, (arguments.seed, number), totals)
            if number and number % 500 == 0:
                print(f"{number} cases, {len(totals.failures)} failures, {time.monotonic() - began:.0f} s", flush=True)
    return told(totals, time.monotonic() - began)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, default=None)
    return parser.parse_args()


def good_series(folder: Path) -> list[Path]:
    """One folder per kind of file."""
    for name, syntax in NATIVE.items():
        write_series(folder / name, RECIPE.changed(syntax=syntax))
    for name, syntax in {"rle": RLELossless, "jpeg-2000": JPEG2000Lossless, "jpeg-ls": JPEGLSLossless}.items():
        for k in range(len(RECIPE.places_mm)):
            data = slice_dataset(RECIPE.changed(signed=False), k)
            data.compress(syntax, generate_instance_uid=False)
            write(data, folder / name / f"{k}.dcm")
    write(enhanced_dataset(RECIPE), folder / "enhanced" / "0.dcm")
    frames = enhanced_dataset(RECIPE.changed(signed=False))
    frames.compress(RLELossless, generate_instance_uid=False)
    write(frames, folder / "enhanced-rle" / "0.dcm")
    with_imagecodecs(folder)
    zipped = folder / "zipped" / "0.zip"
    zipped.parent.mkdir()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((folder / "explicit").iterdir()):
            archive.write(file, file.name)
    return sorted(folder.iterdir())


def with_imagecodecs(folder: Path) -> None:
    """JPEG baseline and lossless, where there is an encoder."""
    try:
        import imagecodecs
    except ImportError:
        return
    for k in range(len(RECIPE.places_mm)):
        lossless = RECIPE.changed(signed=False)
        frame = imagecodecs.ljpeg_encode(stored_of(lossless, k), bitspersample=16)
        encapsulated(folder / "jpeg-lossless" / f"{k}.dcm", lossless, k, (JPEGLosslessSV1, bytes(frame)))
        eight = RECIPE.changed(signed=False, bits=(8, 8), slope=16.0)
        frame = imagecodecs.jpeg8_encode(stored_of(eight, k).astype(np.uint8))
        encapsulated(folder / "jpeg" / f"{k}.dcm", eight, k, (JPEGBaseline8Bit, bytes(frame)))


def encapsulated(path: Path, recipe: Recipe, k: int, encoded: tuple[str, bytes]) -> None:
    data = slice_dataset(recipe, k)
    data.file_meta.TransferSyntaxUID = encoded[0]
    data.PixelData = encapsulate([encoded[1]])
    data["PixelData"].is_undefined_length = True
    data["PixelData"].VR = "OB"
    write(data, path)


def mutated(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    """A file with one kind of damage, and its name."""
    kind = chance.choice(("truncate", "header", "header", "header", "pixels", "pixels", "lengths", "move", "both"))
    data = bytearray(content)
    pixels = max(content.find(b"\xe0\x7f\x10\x00"), content.find(b"\x7f\xe0\x00\x10"))
    border = pixels if pixels > 0 else min(len(content), 1500)
    if kind == "truncate":
        return content[: chance.randrange(len(content))], kind
    if kind in ("header", "both"):
        flip(data, (0, border + 12), chance)
    if kind in ("pixels", "both"):
        flip(data, (border, len(data)), chance)
    if kind == "lengths":
        at = chance.randrange(128, border + 12)
        width = chance.choice((2, 4))
        extremes = (b"\xff" * width, bytes(width), b"\x00\x00\x00\x7f"[-width:], b"\xfe\xff\xff\xff"[:width])
        data[at : at + width] = chance.choice(extremes)
    if kind == "move":
        start, end = sorted(chance.randrange(len(data)) for _ in range(2))
        part = data[start : min(end, start + 400)]
        to = chance.randrange(len(data))
        data[to : to + chance.choice((0, len(part)))] = part
    return bytes(data), kind


def flip(data: bytearray, span: tuple[int, int], chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 4, 8, 32))):
        at = chance.randrange(span[0], min(span[1], len(data)))
        data[at] = chance.choice((chance.randrange(256), data[at] ^ (1 << chance.randrange(8)), 0, 255))


def one_case(folder: Path, bases: list[Path], case: tuple[int, int], totals: Totals) -> None:
    chance = random.Random(f"{case[0]} {case[1]}")
    base = chance.choice(bases)
    files = sorted(base.iterdir())
    victim = chance.choice(files)
    folder.mkdir()
    for file in files:
        if file != victim:
            os.link(file, folder / file.name)
    content, kind = mutated(victim.read_bytes(), chance)
    (folder / victim.name).write_bytes(content)
    outcome, said, cpu_s, rss = in_a_process(folder)
    totals.outcomes[outcome] += 1
    totals.cpu_s.append(cpu_s)
    totals.rss_bytes.append(rss)
    bad = not outcome.startswith(("volume", "refused"))
    if bad or cpu_s > MOST_CPU_S or rss > MOST_RSS_BYTES:
        totals.failures.append({"case": case[1], "base": base.name, "kind": kind, "outcome": outcome, "cpu_s": cpu_s, "rss": rss})
        print(f"case {case[1]} ({base.name}, {kind}): {outcome}, {cpu_s:.2f} s, {rss >> 20} MB\n{said}", flush=True)
    left = list(Path(tempfile.gettempdir()).iterdir())
    if left:
        totals.failures.append({"case": case[1], "left behind": [path.name for path in left]})
        print(f"case {case[1]} ({base.name}, {kind}): left {left} behind", flush=True)
        for path in left:
            shutil.rmtree(path)
    shutil.rmtree(folder)


def in_a_process(folder: Path) -> tuple[str, str, float, int]:
    """Outcome, text of a fault, seconds of work, peak memory."""
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        os.close(receive)
        worked(folder, send)
    os.close(send)
    began = time.monotonic()
    with os.fdopen(receive, "rb") as stream:
        text = stream.read().decode(errors="replace")
    _, status, usage = os.wait4(child, 0)
    outcome, _, said = text.partition("\n")
    if os.WIFSIGNALED(status):
        outcome = f"killed by {signal.Signals(os.WTERMSIG(status)).name} after {time.monotonic() - began:.0f} s"
    return outcome or "silent", said, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def worked(folder: Path, send: int) -> None:
    """Reads one folder and never returns."""
    resource.setrlimit(resource.RLIMIT_CPU, (10, 12))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESS_BYTES, MOST_ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(int(MOST_WALL_S))
    try:
        outcome = f"volume of {read(folder).hu.dtype}"
    except InputRefused as refusal:
        outcome = f"refused {refusal.code}" if len(refusal.message) > 20 else f"refused without a reason: {refusal.message}"
    except BaseException as error:
        outcome = f"{type(error).__name__}\n{traceback.format_exc()}"
    os.write(send, outcome.encode()[:60000])
    os._exit(0)


def told(totals: Totals, seconds: float) -> int:
    count = sum(totals.outcomes.values())
    summary = {
        "cases": count,
        "failures": len(totals.failures),
        "outcomes": dict(totals.outcomes.most_common()),
        "cpu_s": {"median": round(float(np.median(totals.cpu_s)), 3), "largest": round(max(totals.cpu_s), 3)},
        "rss_mb": {"median": int(np.median(totals.rss_bytes)) >> 20, "largest": max(totals.rss_bytes) >> 20},
        "wall_s": round(seconds),
    }
    print(json.dumps(summary, indent=1))
    for failure in totals.failures[:50]:
        print(json.dumps(failure))
    return 1 if totals.failures else 0


if __name__ == "__main__":
    sys.exit(main())
