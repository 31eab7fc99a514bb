"""Shops' accounts, and component versions."""

from app.api import component_versions, shops
from app.openapi.operation import Answer, Operation, Operations
from app.problems import CONFLICT, FORBIDDEN
from app.schemas.shapes.shops import ComponentVersionList, ComponentVersionView, ShopList, ShopView
from app.schemas.shops import (
    ComponentVersionBody,
    ComponentVersionChangeBody,
    ComponentVersionsQuery,
    ShopBody,
    ShopChangeBody,
    ShopsQuery,
)

SHOPS: Operations = {
    shops.list_shops: Operation(
        summary="List the shops' accounts",
        query=ShopsQuery,
        answers={200: Answer(meaning="A page, newest first", shape=ShopList)},
    ),
    shops.create_shop: Operation(
        summary="Enter a shop's account",
        description="A platform has a shop once. For administrators.",
        body=ShopBody,
        example={"platform": "shop", "shop_id": "main", "name": "The main shop"},
        answers={201: Answer(meaning="The account", shape=ShopView)},
        problems=(FORBIDDEN, CONFLICT),
    ),
    shops.change_shop: Operation(
        summary="Change a shop's account",
        description="Its name, or whether it is enabled. For administrators.",
        body=ShopChangeBody,
        example={"enabled": False},
        answers={200: Answer(meaning="The account as it is now", shape=ShopView)},
        problems=(FORBIDDEN,),
    ),
    shops.delete_shop: Operation(
        summary="Delete a shop's account",
        description="Files and facts of the shop stay. For administrators.",
        answers={200: Answer(meaning="The account as it was", shape=ShopView)},
        problems=(FORBIDDEN,),
    ),
    component_versions.list_component_versions: Operation(
        summary="List the component versions",
        query=ComponentVersionsQuery,
        answers={200: Answer(meaning="A page, newest first", shape=ComponentVersionList)},
    ),
    component_versions.create_component_version: Operation(
        summary="Enter a component version",
        description="A component has a version once; of several active ones the last one counts. For administrators.",
        body=ComponentVersionBody,
        example={"component": "sync_file", "version": "2.4.0", "notes": "reads xlsb"},
        answers={201: Answer(meaning="The version", shape=ComponentVersionView)},
        problems=(FORBIDDEN, CONFLICT),
    ),
    component_versions.change_component_version: Operation(
        summary="Change a component version",
        description="Its status or its notes. For administrators.",
        body=ComponentVersionChangeBody,
        example={"status": "deprecated"},
        answers={200: Answer(meaning="The version as it is now", shape=ComponentVersionView)},
        problems=(FORBIDDEN,),
    ),
}
