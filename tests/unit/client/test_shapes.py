"""What the client takes answers for is what the document says of them, field by field."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from app.client import shapes
from app.client.shapes.accounts import UserChange
from app.client.shapes.alerts import AlertFilter
from app.client.shapes.audit import AuditFilter
from app.client.shapes.files import FileFilter, FileSource
from app.client.shapes.jobs import Change, JobFilter, JobOptions, NewJob
from app.client.shapes.processing import ImageFilter
from app.client.shapes.quotas import QuotaChange
from app.client.shapes.shops import ComponentVersionChange, ComponentVersionFilter, ShopChange, ShopFilter
from app.client.shapes.templates import NewDateRule, NewRange, NewTemplate, TemplateFilter
from app.schemas.shapes.jobs import ChangeView
from tests.support.openapi import DOCUMENT, operations
from tests.support.shapes import described_fields, fields_of

SCHEMAS = DOCUMENT["components"]["schemas"]

# Called otherwise in the document: where two shapes have one name, and where the name is that of the whole.
NAMES = {
    "AuditEntry": "AuditView",
    "LimitsInForce": "app__schemas__shapes__rate_limits__LimitsView",
    "QuotaLimits": "app__schemas__shapes__quota__LimitsView",
}
# What is sent, of which the client names what it is for; and what streams tell, which the document has no words for.
FILTERS: dict[type, str] = {
    AlertFilter: "list_alerts",
    AuditFilter: "list_audit",
    ComponentVersionFilter: "list_component_versions",
    FileFilter: "list_files",
    ImageFilter: "list_images",
    JobFilter: "list_jobs",
    ShopFilter: "list_shops",
    TemplateFilter: "list_templates",
}
SENT: dict[type, str] = {
    ComponentVersionChange: "ComponentVersionChangeBody",
    NewDateRule: "DateRuleBody",
    NewJob: "JobBody",
    NewRange: "RangeBody",
    NewTemplate: "TemplateBody",
    QuotaChange: "OverridesBody",
    ShopChange: "ShopChangeBody",
    UserChange: "UserChangeBody",
}
OTHERS = {Change, FileSource, JobOptions, *FILTERS, *SENT}


def all_shapes() -> Iterator[type]:
    """Give all TypedDicts of the client, but for the bases that have no name."""
    for module in pkgutil.iter_modules(shapes.__path__):
        found = vars(importlib.import_module(f"{shapes.__name__}.{module.name}"))
        yield from (
            one for name, one in found.items() if hasattr(one, "__required_keys__") and not name.startswith("_")
        )


ANSWERS = sorted({shape for shape in all_shapes() if shape not in OTHERS}, key=lambda shape: shape.__name__)


@pytest.mark.parametrize("shape", ANSWERS, ids=lambda shape: shape.__name__)
def test_an_answer_s_shape_is_the_document_s(shape: type) -> None:
    """All of its fields, with the same types; what refers to another shape, to the same one."""
    name = NAMES.get(shape.__name__, f"{shape.__name__}View")
    renamed = {there.removesuffix("View"): here for here, there in NAMES.items()}
    told = {field: renamed.get(kind, kind) for field, kind in described_fields(SCHEMAS[name]).items()}
    assert fields_of(shape) == told


def test_a_change_s_shape_is_the_server_s() -> None:
    """The document has no words for what is in a stream."""
    assert {name.removesuffix("?") for name in fields_of(Change)} == ChangeView.__annotations__.keys()


@pytest.mark.parametrize(("shape", "name"), SENT.items(), ids=lambda one: getattr(one, "__name__", one))
def test_what_is_sent_is_what_is_taken(shape: type, name: str) -> None:
    """All fields, and those that are needed."""
    assert fields_of(shape).keys() == described_fields(SCHEMAS[name]).keys()


def test_a_job_s_options_are_a_new_job_s() -> None:
    """Beside what is to be done."""
    assert JobOptions.__annotations__.keys() == NewJob.__annotations__.keys() - {"task", "args"}


@pytest.mark.parametrize(("shape", "name"), FILTERS.items(), ids=lambda one: getattr(one, "__name__", one))
def test_filters_are_those_of_the_lists(shape: type, name: str) -> None:
    """Beside where a page begins and ends."""
    (operation,) = [one for one in operations() if one.name == name]
    assert shape.__annotations__.keys() == operation.parameters("query").keys() - {"limit", "cursor"}


def test_a_file_s_source_is_what_an_upload_takes() -> None:
    """Beside the file."""
    (operation,) = [one for one in operations() if one.name == "upload_file"]
    content = operation.content("multipart/form-data")
    assert content is not None
    assert FileSource.__annotations__.keys() == content["schema"]["properties"].keys() - {"file"}
