"""`python -m app.openapi`, or `./dev openapi`: writes the document anew, into the file that is committed and served."""

import json
from pathlib import Path

from app.openapi.document import make_document
from app.openapi.operations import OPERATIONS
from app.routes import ROUTES

PATH = Path(__file__).parents[1] / "docs" / "openapi.json"


def written() -> str:
    """Give the file's text as it should be."""
    return json.dumps(make_document(ROUTES, OPERATIONS), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(written(), encoding="utf-8")
