"""Times in answers, to be compared. How they are written is the API's business."""

from datetime import datetime


def moment(written: str) -> datetime:
    """Read a time. As texts they do not compare: a whole second is written without a fraction."""
    return datetime.fromisoformat(written)
