from __future__ import annotations

import json
from pathlib import Path

import pytest

from endplate.cli import exit_codes, run
from endplate.errors import InputRefused
from endplate.service.corrections import signed_scans
from endplate.service.store import SqlStore, opened_store, sqlite_url
from endplate.training.truth import read_truth
from service_records import draft, measured, new_scan, relabelled, signed


def add(store: SqlStore, scan_id: str, name: str) -> None:
    store.add_scan(new_scan(scan_id, name), "test")
    store.set_measured(scan_id, measured(), None)


def test_what_was_signed_on_the_page_becomes_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tmp_path / "data", tmp_path / "truth"
    data.mkdir()
    store = opened_store(sqlite_url(data / "endplate.sqlite"))
    for scan_id, name in (("a" * 32, "chest"), ("b" * 32, "chest"), ("c" * 32, "untouched"), ("d" * 32, "drafted")):
        add(store, scan_id, name)
    store.save_review("a" * 32, *signed(measured(), 1), 0, "test")
    store.save_review("a" * 32, *relabelled(measured(), 2), 1, "test")  # a later draft does not take back what was signed
    store.save_review("b" * 32, *signed(measured(), 1), 0, "test")
    store.save_review("d" * 32, *draft(measured(), 1), 0, "test")
    store.close()

    assert run(["export-truth", "--data", str(data), "--out", str(out)]) == exit_codes.OK
    assert sorted(p.name for p in out.iterdir()) == ["agreement.json", "chest-aaaaaaaa", "chest-bbbbbbbb"]
    truth = read_truth(out / "chest-aaaaaaaa")
    assert len(truth.level) == len(measured().vertebrae)
    assert json.loads((out / "agreement.json").read_text())["scans"] == 2
    assert "2 scans" in capsys.readouterr().out


def test_a_store_without_a_signature_is_refused(tmp_path: Path) -> None:
    store = opened_store(sqlite_url(tmp_path / "endplate.sqlite"))
    add(store, "a" * 32, "chest")
    with pytest.raises(InputRefused, match="no signed review"):
        signed_scans(store)
    store.close()


def test_a_folder_and_the_service_are_not_both_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "truth")
    assert run(["export-truth", str(tmp_path), "--data", str(tmp_path), "--out", out]) == exit_codes.USAGE
    assert "leave one out" in capsys.readouterr().err
    assert run(["export-truth", "--data", str(tmp_path / "none"), "--out", out]) == exit_codes.REFUSED
    assert "does not exist" in capsys.readouterr().err
