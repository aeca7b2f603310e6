"""The image agrees with the truth: edges of bone, levels, ribs, completeness."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from endplate.anatomy.vertebra import COLUMNS, exact
from endplate.geometry import frames
from endplate.geometry.sampling import sample
from endplate.phantom import Anatomy, Ranges, ScannerSettings, SpineShape, TissueSettings, fracture, random_phantom, render, spine
from endplate.phantom.phantom import inside
from endplate.phantom.spine.turn import turned


def crisp(pixel, **more):
    return ScannerSettings(
        pixel_mm=pixel, slice_mm=pixel, field_mm=(80, 120), blur_mm=0, noise_hu=0, streaks_hu=0, **({"view": (15.2, 21.8)} | more)
    )


def edge_mm(phantom, point, outward):
    """Where the brightness falls to half of the endplate's peak, in mm outside a point."""
    x = np.arange(-3.0, 3.001, 0.02)
    profile = sample(phantom.volume.hu, frames.apply(phantom.volume.voxel_from_patient, point + x[:, None] * outward))
    peak = profile[x < 1.5].argmax()
    half = (profile[peak] + profile[-50:].mean()) / 2
    return x[peak + (profile[peak:] < half).argmax()]


def edges(phantom, vertebra):
    """Edge error in mm at the six points; anterior and posterior a little inside the rim, on the same curve."""
    points = vertebra.points_mm
    for which in (0, 1):
        a, m, p = points[:, which]
        for column, share in enumerate((0.08, 0.5, 0.92)):
            chord = a + share * (p - a)
            point = chord + (m - (a + p) / 2) * (1 - abs(2 * share - 1) ** 2.5)
            outward = points[column, which] - points[column, 1 - which]
            yield edge_mm(phantom, point, outward / np.linalg.norm(outward))


@pytest.mark.parametrize(("pixel", "tolerance"), [(0.5, 0.2), (0.8, 0.3), (1.0, 0.3)])
def test_bone_edges_pass_through_the_six_points(pixel, tolerance):
    broken = fracture(fracture(spine(("T9", "T10", "T11", "T12", "L1", "L2")), "T12", "wedge", 2), "T10", "biconcave", 2)
    # thicker than a voxel: the half height of a thinner shell is the scanner's doing, not the geometry's
    tissue = TissueSettings(texture=0, endplate_mm=1.3, subchondral=250, cancellous=250)
    phantom = render(broken, Anatomy(tissue), crisp(pixel))
    errors = [e for v in phantom.vertebrae if v.complete for e in edges(phantom, v)]
    assert len(errors) >= 30
    assert np.abs(errors).max() < tolerance


@pytest.mark.parametrize("turn", [(0.0, 0.0, 15.0), (8.0, 0.0, 0.0), (0.0, 12.0, 0.0), (6.0, -8.0, 10.0)])
@pytest.mark.parametrize("feet_first", [False, True])
def test_edges_hold_for_turned_patients_and_either_order_of_slices(turn, feet_first):
    vertebrae = turned(spine(("T11", "T12", "L1"), SpineShape(scoliosis_deg=20, scoliosis_apex=17)), turn)
    tissue = TissueSettings(texture=0, endplate_mm=1.1)
    phantom = render(vertebrae, Anatomy(tissue), crisp(0.6, view=(16.9, 20.9), feet_first=feet_first))
    errors = [e for v in phantom.vertebrae if v.complete for e in edges(phantom, v)]
    assert len(errors) >= 18
    assert np.median(np.abs(errors)) < 0.15
    assert np.abs(errors).max() < 0.5


def test_given_points_are_kept_exactly():
    given_ = fracture(spine(("C7", "T1", "T2", "T3")), "T2", "crush", 2)
    phantom = render(given_, scanner=crisp(2.0, view=(5, 12)))
    found = {v.level: v for v in phantom.vertebrae}
    for v in given_:
        np.testing.assert_array_equal(found[v.level].points_mm, v.points_mm)


def test_bodies_that_the_view_cuts_are_incomplete_and_not_in_the_truth():
    phantom = render(spine(), scanner=crisp(2.0, view=(12.0, 16.0)))
    complete = {v.level: v.complete for v in phantom.vertebrae}
    assert complete == {"T5": False, "T6": True, "T7": True, "T8": True, "T9": False}
    assert [v["level"] for v in phantom.truth()["vertebrae"]] == ["T6", "T7", "T8"]


def test_twelve_ribs_a_side_meet_their_vertebrae():
    phantom = render(spine(), scanner=ScannerSettings(view=(7, 20.6), pixel_mm=1.5, slice_mm=1.5, noise_hu=0, streaks_hu=0))
    assert sorted(phantom.ribs_mm) == sorted(f"{side}{n}" for side in "LR" for n in range(1, 13))
    by_level = {v.level: v for v in phantom.vertebrae}
    for name, head in phantom.ribs_mm.items():
        body = by_level[f"T{name[1:]}"]
        # within a few mm of the body's posterolateral corner, never below its middle
        assert np.linalg.norm(head - body.centre_mm) < 32
        assert head[2] > body.centre_mm[2]
        assert (head[0] > body.centre_mm[0]) == (name[0] == "L")
        hu = sample(phantom.volume.hu, frames.apply(phantom.volume.voxel_from_patient, head[None]))
        assert hu[0] > 90


@pytest.mark.parametrize("x_mm", [-52.0, 52.0])
def test_ribs_can_be_counted_in_the_image(x_mm):
    """A sagittal plane beside the transverse processes cuts the back of every rib once."""
    plain = ScannerSettings(view=(7, 22), pixel_mm=1.0, slice_mm=1.0, blur_mm=0, noise_hu=0, streaks_hu=0)
    phantom = render(spine(), scanner=plain)
    column = round((phantom.volume.voxel_from_patient @ [x_mm, 0, 0, 1])[2])
    # the cortex is a voxel thin and broken in places: two voxels of dilation close it
    plane = ndimage.binary_fill_holes(ndimage.binary_dilation(phantom.volume.hu[:, :, column] > 220, iterations=2))
    labels, count = ndimage.label(plane)
    centres = np.array(ndimage.center_of_mass(plane, labels, range(1, count + 1)))
    places = phantom.volume.patient_from_voxel @ np.array([[k, j, column, 1] for k, j in centres]).T
    spine_line = np.array([c for c in phantom.centres_mm.values()])
    spine_y = np.interp(places[2], spine_line[::-1, 2], spine_line[::-1, 1])
    sizes = ndimage.sum(plane, labels, range(1, count + 1))
    top, bottom = phantom.centres_mm["C7"][2], phantom.centres_mm["L2"][2]
    behind = (places[1] > spine_y - 5) & (sizes > 15) & (places[2] < top) & (places[2] > bottom)
    # the first rib lies in front of this line, the twelfth may end before it
    assert 11 <= behind.sum() <= 12


def test_truth_has_the_form_of_the_shared_data():
    phantom = render(spine(("T8", "T9", "T10")), scanner=crisp(2.0, view=(14, 18.5)))
    truth = json.loads(json.dumps(phantom.truth()))
    assert truth["frame"] == "LPS mm"
    for entry in truth["vertebrae"]:
        assert set(entry) >= {"level", "points_lps_mm", "heights_mm"}
        points = np.array([entry["points_lps_mm"][c] for c in COLUMNS])
        np.testing.assert_allclose(
            np.linalg.norm(points[:, 1] - points[:, 0], axis=-1), list(entry["heights_mm"].values()), atol=1e-3
        )


def test_the_same_seed_gives_the_same_image_and_another_seed_another():
    first, again, other = (render(spine(("T8",)), scanner=ScannerSettings(view=(14, 16), pixel_mm=3), seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.volume.hu, again.volume.hu)
    assert (first.volume.hu != other.volume.hu).mean() > 0.3


def test_thick_slices_are_means_of_thin_ones():
    thin = render(spine(("T8",)), scanner=crisp(1.0, view=(14, 16)))
    thick = render(spine(("T8",)), scanner=ScannerSettings((14, 16), 1.0, 5.0, 0.0, (80, 120), blur_mm=0, noise_hu=0, streaks_hu=0))
    assert thick.volume.spacing_mm.round(6).tolist() == [5.0, 1.0, 1.0]
    inner = thin.volume.hu.astype(float)
    assert thick.volume.hu[2:-2].std() < inner.std()
    k = round(float((thin.volume.voxel_from_patient @ thick.volume.patient_from_voxel @ [3, 0, 0, 1])[0]))
    np.testing.assert_allclose(thick.volume.hu[3].mean(), inner[k - 2 : k + 3].mean(), atol=8)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_random_phantoms_hold_their_promises(seed, narrow):
    ranges = Ranges(pixel_mm=(2.0, 3.0), slice_mm=(2.0, 5.0), metal=0.4, field_mm=(130, 150) if narrow else None)
    phantom = random_phantom(np.random.default_rng(seed), ranges)
    assert phantom.volume.hu.dtype == np.int16
    assert phantom.volume.hu.min() >= -1024
    numbers = [v.centre_mm[2] for v in phantom.vertebrae]
    assert numbers == sorted(numbers, reverse=True)
    for v in phantom.vertebrae:
        assert inside(phantom.volume, v.points_mm).all() == v.complete


def test_a_random_phantom_follows_from_its_generator():
    ranges = Ranges(pixel_mm=(3.0, 3.0), slice_mm=(4.0, 5.0))
    one, two = (random_phantom(np.random.default_rng(5), ranges) for _ in range(2))
    np.testing.assert_array_equal(one.volume.hu, two.volume.hu)


@pytest.mark.data
@pytest.mark.parametrize("scan", ["lidc-0001", "nsclc-rg-r01-001", "ohif-petct-0000003"])
def test_renders_the_geometry_of_real_patients(shared_data, scan):
    entries = json.loads((shared_data / "ct" / scan / "truth.json").read_text())["vertebrae"]
    real = [exact(np.array([e["points_lps_mm"][c] for c in COLUMNS]), e["level"]) for e in entries]
    phantom = render(real, scanner=ScannerSettings(view=(1, 26), pixel_mm=2.0, slice_mm=2.0))
    found = {v.level: v for v in phantom.vertebrae}
    for v in real:
        np.testing.assert_array_equal(found[v.level].points_mm, v.points_mm)
        assert found[v.level].complete
