"""Alerts seen from the other end: a site in real trouble, Prometheus, Alertmanager, and who is told."""

import pytest

from tests.support.endurance.alerts import provoke_alerts
from tests.support.servers import Servers


@pytest.mark.usefixtures("stores_stay")  # Redis is stopped, which nobody waits for
async def test_six_troubles_are_told_and_are_over(environ: dict[str, str], servers: Servers) -> None:
    """A hung loop, failing jobs, a flooded queue, no steward, a killed worker, no Redis; a minute is a second here."""
    await provoke_alerts(environ, servers.redis, minute_s=1)
