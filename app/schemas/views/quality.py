"""What is shown of quality reports."""

from collections.abc import Mapping
from typing import Any, cast

from app.schemas.shapes.quality import MeasuredView, QualityView
from jobs.tasks.data_sync.quality import Measured


def quality_view(report: Mapping[str, Any] | None) -> QualityView | None:
    """Show a report as a job has it; None where there is none."""
    return cast("QualityView | None", report)


def measured_view(measured: Measured) -> MeasuredView:
    """Show a stored report."""
    view = cast("QualityView", measured.report.as_mapping())
    return {**view, "measured_at": measured.measured_at}
