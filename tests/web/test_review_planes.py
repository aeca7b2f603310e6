"""The original planes beside the image, in real headless Chromium: what they show where one does not come, and where they end."""

from __future__ import annotations

from typing import Any

from endplate.review.images import read_images
from review_tab import Open, choose, frame, until
from served_worklist import Served


def is_black(page: Any, plane: str) -> bool:
    """Whether a plane shows nothing."""
    return not page.evaluate(
        """id => { const c = document.getElementById(id);
            return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((x, i) => i % 4 < 3 && x > 0); }""",
        plane,
    )


def test_a_plane_that_does_not_come_leaves_no_other_in_its_place(scan: str, opened: Open) -> None:
    page = opened(scan).page
    choose(page, "L1")
    page.wait_for_selector("#axial-at:text-is('through its centre')")
    until(page, lambda: not is_black(page, "axial"))  # the words come before the plane does
    page.route("**/images/axial*", lambda route: route.abort())
    choose(page, "T11")
    page.wait_for_selector("#axial-at:has-text('did not come')")
    frame(page)
    assert is_black(page, "axial")
    page.unroute("**/images/axial*")
    choose(page, "T12")
    choose(page, "T11")
    page.wait_for_selector("#axial-at:text-is('through its centre')")
    until(page, lambda: not is_black(page, "axial"))


def test_scrolling_ends_where_the_scan_ends(service: Served, scan: str, opened: Open) -> None:
    images = read_images(service.data / "scans" / scan / "images")
    assert images is not None
    first, columns = images.info["context"]["origin_lps_mm"][0], images.info["context"]["shape"][2]
    page = opened(scan).page
    choose(page, "L1")
    page.focus("#sagittal")
    for key, end in (("ArrowDown", first + columns - 1), ("ArrowUp", first)):
        with page.expect_request(f"**/images/sagittal?at={end:g}"):
            for _ in range(columns + 5):
                page.keyboard.press(key)
        frame(page)
        assert "did not come" not in page.inner_text("#sagittal-at")
        assert 5 < int(page.inner_text("#sagittal-at").split()[0]) < columns
