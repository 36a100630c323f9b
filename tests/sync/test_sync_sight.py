"""An org with its own rules of who may do and own what: they are kept, and what is lacking is said."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from audiencesync.records import Route
from tests.world import World, person, running_org, send_by_bulk

ORG = """
users:
  - {username: admin@acme.example}
  - {username: blind@acme.example, permissions: {Lead: [read, create, edit]}}
  - {username: viewer@acme.example, permissions: {Lead: [read, create, edit, view_all_records]}}
  - {username: sales@acme.example}
assignment_rules:
  - {object: Lead, owner: sales@acme.example}
"""


@pytest.fixture
def guarded(tmp_path: Path, stores_are_copied: None) -> Iterator[World]:
    """An org whose integration users may do little."""
    (tmp_path / "org.yaml").write_text(ORG)
    with running_org("--org", str(tmp_path / "org.yaml")) as org:
        yield World(tmp_path, org)


@pytest.mark.parametrize("by_bulk", [False, True])
def test_a_match_field_that_is_not_unique_takes_a_user_who_may_view_all_records(
    guarded: World, monkeypatch: pytest.MonkeyPatch, by_bulk: bool
) -> None:
    if by_bulk:
        send_by_bulk(monkeypatch)
    sign_in = guarded.config["connection"]["auth"]
    guarded.people([person(1), person(2)])

    sign_in["username"] = "blind@acme.example"
    report = guarded.run()
    trouble = report.syncs[0].trouble
    assert report.exit_code == 6
    assert trouble is not None
    assert "INSUFFICIENT_ACCESS" in trouble.message
    assert "View All" in trouble.hint
    assert guarded.sql("SELECT count(*) FROM parked") == [(0,)]

    sign_in["username"] = "viewer@acme.example"
    assert guarded.run_one().created == 2


def test_an_assignment_rule_gives_new_records_an_owner_and_takes_none_away(
    guarded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_by_bulk(monkeypatch)
    guarded.sync["assignment_rule"] = True
    guarded.people([person(1)])
    assert guarded.run_one().routes[Route.BULK] == 0  # a job runs no such rule
    users = {one["Username"]: one["Id"] for one in guarded.org.records("User")}
    (lead,) = guarded.org.records()
    assert lead["OwnerId"] == users["sales@acme.example"]

    guarded.org.edit(lead["Id"], OwnerId=users["admin@acme.example"])  # a colleague takes the lead over
    guarded.people([person(1, phone="+1")])
    assert guarded.run_one().routes[Route.BULK] == 1

    (lead,) = guarded.org.records()
    assert (lead["Phone"], lead["OwnerId"]) == ("+1", users["admin@acme.example"])


def test_who_may_not_read_the_limits_learns_from_the_refusal_how_the_org_stands(guarded: World) -> None:
    guarded.config["connection"]["auth"]["username"] = "viewer@acme.example"
    guarded.people([person(1)])
    guarded.org.admin("POST", "limits", {"daily_limit": 1000, "used": 950})
    guarded.run_one()
    guarded.people([person(1, phone="+1")])
    assert guarded.run_one().api_calls == 0  # the reserve is kept

    guarded.org.admin("POST", "limits", {"used": 0})
    guarded.clock.ahead = timedelta(minutes=61)

    assert guarded.run_one().accepted == 1
