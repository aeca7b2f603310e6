"""Both pages by machine: names, focus, contrast and room of everything on them, as Chromium computed it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from review_tab import Open, choose, drag, frame, open_scan, resize
from reviewed_scans import Measured, put
from served_worklist import Served, settled, tab

SIZES = ((1280, 720), (1200, 1920))
CONTRAST = """() => {
  const part = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const parsed = text => { const n = text.match(/[\\d.]+/g).map(Number); return [n.slice(0, 3), n[3] ?? 1]; };
  const ground = node => {
    const under = [];
    for (let n = node; n; n = n.parentElement) {
      const [colour, alpha] = parsed(getComputedStyle(n).backgroundColor);
      under.push([colour, alpha]);
      if (alpha === 1) break;
    }
    return under.reverse().reduce((below, [colour, alpha]) => below.map((b, i) => b + (colour[i] - b) * alpha), [16, 18, 20]);
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    const elsewhere = "svg, #stage, figure, :disabled, noscript, option, .unseen, .skip";
    if (!walk.currentNode.textContent.trim() || node.closest(elsewhere)) continue;
    if (!node.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const [a, b] = [light(parsed(getComputedStyle(node).color)[0]), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push([walk.currentNode.textContent.trim(), ratio]);
  }
  return found;
}"""
CROWDED = """() => {
  const all = [...document.querySelectorAll("button, a[href], input, select, textarea, summary")].filter(n =>
    n.checkVisibility({visibilityProperty: true, opacityProperty: true}) &&
    !n.closest("dialog:not([open]), .skip, .scroll, .unseen, tbody"));
  const boxes = all.map(n => [n, n.getBoundingClientRect()]);
  const said = n => n.id || n.textContent.trim();
  const bad = [];
  boxes.forEach(([a, p], i) => {
    if (p.left < 0 || p.right > innerWidth || p.top < 0 || p.bottom > innerHeight) bad.push(said(a) + " lies outside");
    if (a.matches("button, summary") && a.scrollWidth > a.clientWidth + 1) bad.push(said(a) + " is cut");
    for (const [b, q] of boxes.slice(i + 1)) {
      const apart = p.right <= q.left || q.right <= p.left || p.bottom <= q.top || q.bottom <= p.top;
      if (!apart && !a.contains(b) && !b.contains(a)) bad.push(said(a) + " covers " + said(b));
    }
  });
  if (document.documentElement.scrollWidth > innerWidth) bad.push("the page is wider than the window");
  return bad;
}"""
FOCUSED = """() => {
  const node = document.activeElement;
  const box = node.getBoundingClientRect();
  const seen = box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  return [node.tagName, seen];
}"""


@pytest.fixture(params=["worklist", "review", "fracture"])
def page(request: pytest.FixtureRequest, made: Measured, service: Served, browser: Any) -> Iterator[Any]:
    """A page at 1280 x 720 with everything on it that it may have."""
    with tab(browser) as opened:
        found = opened.page
        if request.param == "worklist":
            found.goto(service.url)
            settled(opened)
        else:
            scan = put(service, made, request.node.name)
            open_scan(opened, f"{service.url}/scans/{scan}")
            choose(found, "L1")
            if request.param == "fracture":
                drag(found, "L1: anterior superior point", 12.0)
                found.click("#vertebrae tr:first-child .level")
                frame(found)
        yield found


def test_all_that_takes_the_keyboard_has_a_name_and_a_role(page: Any) -> None:
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    takes = {"name": "focusable", "value": {"type": "booleanOrUndefined", "value": True}}
    focusable = [n for n in nodes if not n["ignored"] and takes in n.get("properties", [])]
    assert len(focusable) > 10
    unnamed = [n["role"]["value"] for n in focusable if not n.get("name", {}).get("value", "").strip()]
    assert unnamed == []
    plain = [n["name"]["value"] for n in focusable if n["role"]["value"] in ("generic", "none", "GenericContainer")]
    assert plain == []


def test_the_keyboard_goes_round_and_is_always_seen(page: Any) -> None:
    rounds: list[list[str]] = [[]]
    while len(rounds) < 3 and len(rounds[-1]) < 120:
        page.keyboard.press("Tab")
        tag, seen = page.evaluate(FOCUSED)
        assert seen or tag == "BODY", page.evaluate("document.activeElement.outerHTML")
        rounds[-1].append(tag)
        if tag == "BODY":
            rounds.append([])
    assert len(rounds) == 3
    assert len(rounds[1]) > 20


def test_a_key_and_tab_lead_to_the_points_of_the_worst(service: Served, scan: str, opened: Open) -> None:
    found = opened(scan).page
    found.keyboard.press("n")
    frame(found)
    found.keyboard.press("Tab")
    label = found.evaluate("document.activeElement.getAttribute('aria-label')")
    chosen = found.inner_text("#vertebrae tr[aria-selected=true] .level")
    assert label == f"{chosen}: anterior superior point"


def test_text_stands_out_at_4_5_to_1(page: Any) -> None:
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_lies_over_anything_else_or_is_cut(page: Any, size: tuple[int, int]) -> None:
    resize(page, *size)
    assert page.evaluate(CROWDED) == []
