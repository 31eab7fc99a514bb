"""How a quality score comes about."""

from dataclasses import replace

import pytest

from jobs.tasks.data_sync.quality_score import Counted, report_from, report_of, report_of_files

PERFECT = Counted(
    rows=10, sound=10, checked=2, failing=0, cells=50, empty=0, keys=10, ranged=20, outside=0, earlier=(10, 10)
)


def test_what_is_perfect_has_a_hundred() -> None:
    """In each part."""
    report = report_of(PERFECT)
    assert (report.score, {part.score for part in report.parts}) == (100.0, {100.0})


@pytest.mark.parametrize(
    ("counted", "part", "score", "whole"),
    [
        (replace(PERFECT, failing=5), "required", 75.0, 90.0),
        (replace(PERFECT, empty=25), "filled", 50.0, 95.0),
        (replace(PERFECT, keys=5), "unique", 50.0, 90.0),
        (replace(PERFECT, outside=4), "in_range", 80.0, 97.0),
        (replace(PERFECT, earlier=(40, 1, 40)), "volume", 25.0, 88.75),
        (replace(PERFECT, earlier=(5, 5)), "volume", 50.0, 92.5),
    ],
)
def test_each_fault_lowers_its_part_and_the_whole_by_its_weight(
    counted: Counted, part: str, score: float, whole: float
) -> None:
    """All other parts stay as they are."""
    report = report_of(counted)
    assert {one.name: one.score for one in report.parts if one.score != 100} == {part: score}
    assert report.score == whole


def test_what_cannot_be_told_does_not_count() -> None:
    """The first file of a source, without ranges: nothing is made up for them."""
    report = report_of(replace(PERFECT, ranged=0, earlier=(), empty=25))
    assert {part.name for part in report.parts if part.score is None} == {"in_range", "volume"}
    assert report.score == round((40 * 100 + 10 * 50 + 20 * 100) / 70, 2)


def test_a_file_without_rows_has_no_score_of_its_own() -> None:
    """Only that there are fewer rows than usual can be told."""
    nothing = Counted(rows=0, sound=0, checked=2, failing=0, cells=0, empty=0, keys=0, ranged=0, outside=0, earlier=())
    assert report_of(nothing).score is None
    assert report_of(replace(nothing, earlier=(0, 0))).score is None
    assert report_of(replace(nothing, earlier=(9,))).score == 0


def test_files_count_by_their_rows() -> None:
    """A file of 30 rows weighs three times as much as one of 10; one that could not be told weighs nothing."""
    small, large = report_of(replace(PERFECT, keys=0)), report_of(replace(PERFECT, rows=30, earlier=(30,)))
    first = report_of(replace(PERFECT, earlier=()))
    report = report_of_files([small, large, first])
    assert (small.score, large.score, first.score) == (80.0, 100.0, 100.0)
    assert (report.rows_read, report.score) == (50, 96.0)
    volume = next(part for part in report.parts if part.name == "volume")
    assert (volume.score, volume.counts) == (100.0, {"files": 3, "told": 2})
    assert report_of_files([]).score is None


def test_a_report_comes_back() -> None:
    """As it was stored."""
    report = report_of(PERFECT)
    assert report_from(report.as_mapping()) == report
