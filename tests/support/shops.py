"""Shops' accounts and component versions, as an administrator enters them."""

from collections.abc import Mapping

import httpx

SHOP: Mapping[str, object] = {"platform": "shop", "shop_id": "main", "name": "The main shop"}
VERSION: Mapping[str, object] = {"component": "sync_file", "version": "1.0.0", "notes": "the first"}


async def new_shop(client: httpx.AsyncClient, **more: object) -> str:
    """Enter a shop's account; give its id."""
    return await _entered(client, "accounts", {**SHOP, **more})


async def new_component_version(client: httpx.AsyncClient, **more: object) -> str:
    """Enter a component version; give its id."""
    return await _entered(client, "component-versions", {**VERSION, **more})


async def _entered(client: httpx.AsyncClient, what: str, body: Mapping[str, object]) -> str:
    answer = await client.post(f"/api/data-sync/{what}", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
