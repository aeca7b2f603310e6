"""How quick the review service is to the eye: a real service, a real CT, real Chromium.

usage: python benchmarks/review_page.py [--json benchmarks/results/review-page.json] [--opens 20] [--frames 300] [--scans 3000]
       [--data ../shared/data/ct/crlm-1006]

``endplate serve`` runs as a process of its own with a worker; its store holds ``--scans`` scans, one of them a CT that it has
measured. Headless Chromium without a graphics card (software rendering) at 1280 x 720. An open is cold: a browser context without
cache each time. First image: from the start of navigation to the frame after the image's pixels are on the canvas. A dragged point
is moved by one mouse event after the other, as the browser takes them; own work is the page's handlers and frame callbacks.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import results

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
FRAME_MS = 1000 / 60
LOST_MS = 1.5 * FRAME_MS
"""From here on a frame was dropped."""
PATIENCE_S = 300.0
WHEN = """([selector, attribute, value]) => {
  window.since = performance.now();
  window.seen = new Promise(done => {
    const look = () => {
      const node = document.querySelector(selector);
      if (!node || (attribute && node.getAttribute(attribute) !== value)) return false;
      requestAnimationFrame(() => setTimeout(() => done(performance.now())));
      return true;
    };
    if (look()) return;
    const watch = new MutationObserver(() => look() && watch.disconnect());
    watch.observe(document, {subtree: true, childList: true, attributes: true});
  });
}"""
WATCHED = """(() => {
  window.work = 0;
  const timed = act => function (...given) {
    const began = performance.now();
    try { return act.apply(this, given); } finally { window.work += performance.now() - began; }
  };
  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (kind, act, how) {
    return listen.call(this, kind, /^pointer/.test(kind) && typeof act === "function" ? timed(act) : act, how);
  };
  window.frame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = act => window.frame(timed(act));
})()"""
COUNT = """() => {
  window.frames = [];
  window.counting = true;
  const next = at => {
    window.frames.push([at, window.work]);
    window.work = 0;
    if (window.counting) window.frame(next);
  };
  window.frame(next);
}"""

CHANGED = """view => new Promise(done => {
  const list = document.getElementById("list");
  const began = performance.now();
  document.querySelector(`[data-view=${view}]`).click();
  const look = () => list.dataset.state === "shown"
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)))
    : setTimeout(look);
  look();
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opens", type=int, default=20)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--scans", type=int, default=3000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "ct" / "crlm-1006")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder, service(Path(folder) / "data", asked) as url, browser() as chromium:
        scan = measured(url, asked.data.resolve())
        load = [os.getloadavg()[0]]
        found = {
            "scan": asked.data.name,
            "first_image_ms": spread(opens(chromium, f"{url}/scans/{scan}", ["#stage", "data-drawn", "image"], asked.opens)),
            "drag": dragged(chromium, f"{url}/scans/{scan}", asked.frames),
            "worklist_scans": asked.scans,
            "worklist_first_rows_ms": spread(opens(chromium, url, ["#scans tr", "", ""], asked.opens)),
            "worklist_change_of_view_ms": spread(views(chromium, url, asked.opens)),
        }
        found |= {"load_before_and_after": [*load, os.getloadavg()[0]], "cores": os.cpu_count(), "browser": chromium.version}
    print("\n".join(f"{name}: {value}" for name, value in found.items()))
    if asked.json:
        results.write(asked.json, found)


def spread(numbers: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst."""
    ordered = sorted(numbers)
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    return {name: round(x, 2) for name, x in (("median", statistics.median(ordered)), ("p95", p95), ("worst", ordered[-1]))}


@contextmanager
def service(data: Path, asked: argparse.Namespace) -> Iterator[str]:
    """``endplate serve`` over a full store, until its work is done."""
    from endplate.service.store import sqlite_url
    from served_worklist import fill, many_scans

    data.mkdir()
    fill(sqlite_url(data / "endplate.sqlite"), many_scans(asked.scans - 1))
    where = ["--port", "0", "--data", str(data), "--folders", str(asked.data.resolve())]
    command = [sys.executable, "-m", "endplate", "serve", *where]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT / "src")})
    try:
        assert served.stdout is not None
        said = re.search(r"http://\S+?(?=/? )", served.stdout.readline())
        assert said is not None
        yield said[0]
    finally:
        served.send_signal(signal.SIGINT)
        served.wait(60)


def measured(url: str, folder: Path) -> str:
    """The id of a CT that the service has measured, and has come to rest after."""
    order = json.dumps({"path": str(folder), "kind": "scans"}).encode()
    ask(f"{url}/api/folders", order)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        time.sleep(1)
        scans = ask(f"{url}/api/scans?search={folder.name}&size=5")["scans"]
        if scans and scans[0]["has_images"]:
            time.sleep(2)
            return str(scans[0]["id"])
    raise TimeoutError(f"{folder} is not measured after {PATIENCE_S:g} s")


def ask(url: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@contextmanager
def browser() -> Iterator[Any]:
    """Debian's browser, headless."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@contextmanager
def page(chromium: Any, *scripts: str) -> Iterator[Any]:
    """A page with an empty cache, which runs these scripts before its own."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    opened = context.new_page()
    for script in scripts:
        opened.add_init_script(script)
    yield opened
    context.close()


def opens(chromium: Any, url: str, until: list[str], count: int) -> list[float]:
    """ms from the start of navigation until an element is seen, with an empty cache each time."""
    took = []
    for _ in range(count):
        with page(chromium, f"({WHEN})({json.dumps(until)})") as opened:
            opened.goto(url)
            took.append(float(opened.evaluate("window.seen")))
    return took


def dragged(chromium: Any, url: str, frames: int) -> dict[str, Any]:
    """Frame intervals, own work and the main thread's work while a point moves."""
    with page(chromium, WATCHED) as opened:
        opened.goto(url)
        opened.wait_for_selector("#stage[data-drawn=image]")
        opened.keyboard.press("n")
        opened.wait_for_timeout(1000)
        metrics = main_thread(opened)
        before = metrics()
        handle = opened.get_by_role("button", name="anterior superior point").bounding_box()
        x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        opened.mouse.move(x, y)
        opened.mouse.down()
        opened.evaluate(COUNT)
        step = 0
        while opened.evaluate("window.frames.length") <= frames:
            for _ in range(20):
                step += 1
                opened.mouse.move(x + step % 7, y + abs(step % 60 - 30))
        opened.evaluate("window.counting = false")
        after, counted = metrics(), opened.evaluate("window.frames")
        opened.mouse.up()
        assert "unsaved" in opened.inner_text("#saved")  # it was the point that moved, not the image
    intervals = [b[0] - a[0] for a, b in pairwise(counted)]
    each = {name: round(1000 * (after[name] - before[name]) / len(counted), 2) for name in after}
    return {
        "frames": len(intervals),
        "moves": step,
        "interval_ms": spread(intervals),
        "dropped": sum(interval > LOST_MS for interval in intervals),
        "own_work_ms": spread([work for _, work in counted[1:]]),
        "main_thread_ms_per_frame": each,
    }


def main_thread(opened: Any) -> Callable[[], dict[str, float]]:
    """Reads the seconds that the page's main thread has spent so far, by what."""
    session = opened.context.new_cdp_session(opened)
    session.send("Performance.enable")
    wanted = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")

    def read() -> dict[str, float]:
        return {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"] if m["name"] in wanted}

    return read


def views(chromium: Any, url: str, count: int) -> list[float]:
    """ms from a click on a view until its list is drawn."""
    took = []
    with page(chromium) as opened:
        opened.goto(url)
        opened.wait_for_selector("#list[data-state=shown]")
        for number in range(count):
            view = ("flagged", "all", "signed", "unreviewed")[number % 4]
            took.append(float(opened.evaluate(CHANGED, view)))
    return took


if __name__ == "__main__":
    main()
