"""Each test of a route runs on both: few rows are enough, since the Bulk route is made the cheapest."""

import pytest

from audiencesync.records import Route
from tests.world import send_by_bulk


@pytest.fixture(params=[Route.COLLECTIONS, Route.BULK], ids=lambda route: route.value)
def route(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Route:
    """The way on which everything travels in this test."""
    if request.param is Route.BULK:
        send_by_bulk(monkeypatch)
    chosen: Route = request.param
    return chosen
