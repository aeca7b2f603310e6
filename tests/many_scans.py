"""A worklist of many scans, written straight into the table."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from endplate.service.records import Patient, Scan, Summary
from endplate.service.store.database import Database, address
from endplate.service.store.rows import scan_columns
from endplate.service.store.tables import SCANS

FAMILY = ("Müller", "Ångström", "Smith", "山田", "García", "O'Neil", "Nguyễn", "Иванов", "Öztürk", "van der Berg")
GIVEN = ("Anna", "Jörg", "太郎", "Maria", "John", "Zoë", "Иван", "Ümit", "Lea", "Paul")
START = datetime(2026, 1, 1, tzinfo=UTC)
SENTENCE = "Vertebral fracture: T8 wedge, grade 2 (moderate), height loss 34 % (95 % interval 25-42 %). " * 2


def many(count: int) -> list[Scan]:
    """Scans as a hospital has them: a tenth flagged, a third signed, some waiting, failed or refused."""
    return [_scan(i, random.Random(i)) for i in range(count)]


def fill(url: str, scans: list[Scan]) -> None:
    """Puts them into a store that was opened before."""
    database = Database(address(url))
    with database.write() as connection:
        connection.execute(insert(SCANS), [scan_columns(scan) for scan in scans])
    database.close()


def _scan(i: int, draw: random.Random) -> Scan:
    added, day = START + timedelta(minutes=i), f"2025{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
    name = f"{draw.choice(FAMILY)}^{draw.choice(GIVEN)}"
    patient = Patient(name, f"P{i % 15000:07d}", f"19{draw.randint(20, 80)}0101", "F", day, "CT Thorax Abdomen", f"A{i:08d}")
    status = draw.choices(("measured", "waiting", "failed", "refused", "no_spine"), (90, 4, 1, 3, 2))[0]
    scan = Scan(f"{i:032x}", f"scan-{i:05d}", status, added.isoformat(), f"/data/uploads/{i:032x}/scan", patient, has_images=True)  # type: ignore[arg-type]
    if status != "measured":
        return scan
    grade = draw.choices((0, 1, 2, 3), (70, 18, 8, 4))[0]
    probability = round(min(0.999, max(0.001, 0.2 * grade + draw.random() * 0.3)), 4)
    scan = replace(scan, summary=Summary(14, "T8", grade, 0.34, int(grade > 1), probability, False, SENTENCE))
    if draw.random() > 1 / 3:
        return scan
    at = (added + timedelta(days=draw.randint(1, 30))).isoformat()
    return replace(scan, review="accepted", review_version=1, reader="Dr A. Reader", signed_at=at)
