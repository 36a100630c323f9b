"""The store holds the state of one org, and is used for no other."""

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audiencesync.errors import OtherOrg, SignInRefused
from audiencesync.salesforce.auth import Token, request_token
from tests.daemon.helpers import running
from tests.world import Org, World, person, running_org


@pytest.fixture(scope="module")
def other_org() -> Iterator[Org]:
    with running_org() as org:
        yield org


@pytest.fixture
def elsewhere(other_org: Org, world: World, tmp_path: Path) -> dict[str, Any]:
    """The `connection` of another, empty org; the project is in step with its own."""
    other_org.clean()
    (tmp_path / "elsewhere").mkdir()
    connection: dict[str, Any] = World(tmp_path / "elsewhere", other_org).config["connection"]
    connection["auth"]["consumer_key"] = "${file:./elsewhere/consumer_key}"
    world.people([person(1), person(2)])
    assert world.run_one().created == 2
    return connection


def sign_ins(org: Org) -> int:
    return sum(one["path"].endswith("/oauth2/token") for one in org.requests())


def let_sign_ins_say(patch: pytest.MonkeyPatch, org_id: str) -> None:
    def ask(*given: Any, **named: Any) -> Token:
        return replace(request_token(*given, **named), org_id=org_id)

    patch.setattr("audiencesync.salesforce.session.request_token", ask)


def org_id(org: Org) -> str:
    (one,) = org.records("Organization")
    return str(one["Id"])


@pytest.mark.parametrize("more", [[], [person(3)]])
def test_a_store_is_refused_to_another_org_whether_or_not_there_is_anything_to_send(
    world: World, other_org: Org, elsewhere: dict[str, Any], more: list[dict[str, Any]]
) -> None:
    own = world.config["connection"]
    world.people([person(1), person(2), *more])
    world.config["connection"] = elsewhere
    before = world.sql("FROM acknowledged"), other_org.calls()

    for act in (world.run, world.plan):
        with pytest.raises(OtherOrg) as refused:
            act()
        assert refused.value.exit_code == 2
        for told in ("audiencesync.yaml:", org_id(world.org), org_id(other_org)):
            assert told in str(refused.value)
        for cure in ("a store of its own", own["login_url"]):
            assert cure in refused.value.hint

    assert (world.sql("FROM acknowledged"), other_org.calls()) == before
    world.config["connection"] = own
    assert world.run_one().created == len(more)


def test_a_new_address_of_the_same_org_is_looked_at_once(world: World, elsewhere: dict[str, Any]) -> None:
    """As when its My Domain is renamed."""
    connection = world.config["connection"]
    connection["login_url"] = connection["login_url"].replace("localhost", "127.0.0.1")
    before, calls = sign_ins(world.org), world.org.calls()

    reports = [world.run_one() for _ in range(2)]

    assert [(one.unchanged, one.api_calls) for one in reports] == [(2, 0), (2, 0)]
    assert (sign_ins(world.org), world.org.calls()) == (before + 1, calls)


def test_another_user_is_looked_at_as_another_address_is(world: World, elsewhere: dict[str, Any]) -> None:
    """Sandboxes share their login host; their users' names differ."""
    world.config["connection"]["auth"]["username"] += ".sandbox"
    with pytest.raises(SignInRefused):
        world.run()


def test_an_org_that_was_refreshed_at_the_same_address_is_seen_when_there_is_something_to_send(
    world: World, elsewhere: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_sign_ins_say(monkeypatch, "00Drefreshed")
    assert world.run_one().unchanged == 2
    world.people([person(1), person(2), person(3)])

    report = world.run_one()

    assert report.trouble is not None
    assert (report.trouble.kind, report.trouble.exit_code, report.deferred) == ("OtherOrg", 2, 1)
    assert len(world.org.records()) == 2


def test_a_sign_in_that_does_not_say_which_org_it_is_is_good_enough(
    world: World, elsewhere: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_sign_ins_say(monkeypatch, "")
    world.people([person(1), person(2), person(3)])
    assert world.run_one().created == 1


def test_a_daemon_whose_config_leads_to_another_org_sends_nothing_there(
    world: World, other_org: Org, elsewhere: dict[str, Any]
) -> None:
    world.sync["watch"] = True
    with running(world) as daemon:
        daemon.wait_for("sync_ended")
        before = other_org.calls()
        path = world.folder / "audiencesync.yaml"
        good = path.read_text()
        path.write_text(json.dumps(world.config | {"connection": elsewhere}))
        daemon.send(signal.SIGHUP)
        daemon.wait_for("config_read")
        world.people([person(1), person(2), person(3)])
        (failed,) = daemon.wait_for("sync_failed")[:1]
        assert (failed["kind"], other_org.calls(), len(world.org.records())) == ("OtherOrg", before, 2)

        path.write_text(good)
        daemon.send(signal.SIGHUP)
        daemon.wait_until(lambda: len(world.org.records()) == 3)
