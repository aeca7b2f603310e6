"""The keys of the review page in real headless Chromium: where they act, and where they must not."""

from __future__ import annotations

from typing import Any

from review_tab import Open, choose, frame, names, row_of

KEY = "(init) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }))"


def chosen_point(page: Any, level: str) -> None:
    """Gives the first point of a vertebra the keyboard."""
    choose(page, level)
    page.focus("#stage")
    page.keyboard.press("Tab")
    frame(page)


def test_arrows_move_a_point_only_from_the_image(scan: str, opened: Open) -> None:
    page = opened(scan).page
    chosen_point(page, "T12")
    page.focus("#exports summary")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.focus("#sagittal")
    for key in ("ArrowLeft", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    frame(page)
    assert not page.is_enabled("#undo")
    assert "to the left" in page.inner_text("#sagittal-at")
    page.focus("#stage")
    page.keyboard.press("ArrowDown")
    frame(page)
    assert page.is_enabled("#undo")


def test_the_list_of_names_leaves_ctrl_and_the_image_their_keys(scan: str, opened: Open) -> None:
    page = opened(scan).page
    first = names(page)
    choose(page, "L1")
    page.select_option("#level", "T13")
    page.focus("#level")
    page.keyboard.press("Control+z")
    frame(page)
    assert names(page) == first
    page.dispatch_event("#level", "pointerdown")
    page.select_option("#level", "T13")
    frame(page)
    assert "T13" in names(page)
    assert page.evaluate("document.activeElement.id") == "stage"


def test_capslock_changes_no_key(scan: str, opened: Open) -> None:
    page = opened(scan).page
    chosen_point(page, "T12")
    before = row_of(page, "T12")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    frame(page)
    assert row_of(page, "T12") != before
    for _ in range(4):
        page.evaluate(KEY, {"key": "Z", "ctrlKey": True})
    frame(page)
    assert row_of(page, "T12") == before
    page.evaluate(KEY, {"key": "z", "ctrlKey": True, "shiftKey": True})
    frame(page)
    assert page.is_enabled("#undo")


def test_keys_that_another_window_lets_go_of_are_let_go_of(scan: str, opened: Open) -> None:
    page = opened(scan).page
    chosen_point(page, "T12")
    page.keyboard.down("ArrowDown")
    page.evaluate("dispatchEvent(new Event('blur'))")
    page.keyboard.down("ArrowDown")
    page.keyboard.up("ArrowDown")
    page.keyboard.press("Control+z")
    frame(page)
    assert page.is_enabled("#undo")


def test_hidden_points_are_all_hidden_and_keys_leave_them_alone(scan: str, opened: Open) -> None:
    page = opened(scan).page
    chosen_point(page, "T12")
    ring = page.locator(".handle .ring").first
    assert ring.is_visible()
    page.keyboard.press("h")
    frame(page)
    assert not ring.is_visible()
    page.keyboard.press("ArrowDown")
    frame(page)
    assert not page.is_enabled("#undo")
    page.keyboard.press("h")
    frame(page)
    assert ring.is_visible()


def test_tab_brings_the_next_point_onto_the_screen(scan: str, opened: Open) -> None:
    page = opened(scan).page
    chosen_point(page, "T12")
    for _ in range(8):
        page.keyboard.press("+")
    page.focus("#stage")
    page.keyboard.press("Tab")
    stage = page.locator("#stage").bounding_box()
    for _ in range(6):
        frame(page)
        box = page.locator(".handle:focus").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        assert stage["x"] < x < stage["x"] + stage["width"]
        assert stage["y"] < y < stage["y"] + stage["height"]
        page.keyboard.press("Tab")
