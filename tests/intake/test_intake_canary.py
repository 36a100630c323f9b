"""Marked people are pushed in every way, good and bad; only the store and Salesforce may know them."""

import base64
import json
from typing import Any

import pytest
import requests

from tests.daemon.helpers import running
from tests.intake.helpers import COLUMNS
from tests.world import World

MARK = "Kanarienvogel"
TOKEN = "Zaunkoenig"


@pytest.mark.slow
def test_no_pushed_person_and_no_token_is_ever_shown(world: World) -> None:
    (world.folder / "token").write_text(TOKEN)
    world.config["source"] = {"profiles": {"columns": COLUMNS, "key": "user_id"}}
    world.config["audiences"] = {"everyone": {"where": "email IS NOT NULL"}}
    world.sync["audiences"] = ["everyone", "vip"]
    world.sync["required_fields"] = {"LastName": "email", "Company": {"value": "x"}, "Email": "email"}
    world.sync["extra_fields"] = {}
    world.config["daemon"] = {"port": 0, "intake": {"token": "${file:./token}", "segment": {}}}
    with running(world) as daemon, requests.Session() as session:
        session.trust_env = False
        (started,) = daemon.events("daemon_started")
        said: list[str] = []

        def send(method: str, path: str, body: Any, token: str = TOKEN) -> int:
            basic = "Basic " + base64.b64encode(f"{token}:".encode()).decode()
            authorization = basic if path.startswith("v1") else f"Bearer {token}"
            answer = session.request(
                method,
                started["page"] + path,
                data=body if isinstance(body, bytes) else json.dumps(body),
                headers={"Authorization": authorization, "Content-Type": "application/json"},
                timeout=20,
            )
            if answer.status_code != 200:
                said.append(answer.json()["error"]["message"])
            return answer.status_code

        one = {"email": f"{MARK}@example.com"}
        traits = [one, {"email": {MARK: MARK}}, {"friends": {MARK: "\0"}}, {"visits": MARK}]
        batch = [{"type": "identify", "userId": MARK, "traits": each} for each in traits]
        codes = [
            send("PATCH", f"profiles/{MARK}", one),
            send("PATCH", f"profiles/{MARK}2", {"email": f"{MARK}@@broken"}),
            send("PUT", f"memberships/vip/{MARK}", b""),
            send("POST", "v1/batch", {"batch": [*batch, MARK, {"type": MARK}]}),
            send("POST", "v1/alias", {"userId": f"{MARK}3", "previousId": MARK}),
            send("PATCH", f"profiles/{MARK}", {"visits": MARK}),
            send("PATCH", f"profiles/{MARK}%00", one),
            send("PUT", f"memberships/{MARK}/{MARK}", b""),
            send("POST", "changes", {"profiles": [{"key": MARK, "attributes": {"born": MARK}}]}),
            send("POST", "v1/identify", {"userId": MARK, "traits": {"email": [MARK]}}),
            send("PATCH", f"profiles/{MARK}", MARK.encode()),
            send("PATCH", f"profiles/{MARK}", one, token=MARK),
        ]
        assert codes == [200] * 5 + [422] * 4 + [400, 400, 401]
        daemon.wait_until(lambda: any(f"{MARK}@" in str(one["LastName"]) for one in world.org.records()))
        said += [
            session.get(started["page"] + path, timeout=20).text for path in ("", "metrics", "openapi.json")
        ]
        daemon.stop()
        said.append(daemon.talk.read_text())
    assert len(daemon.events("intake_refused")) == 5
    assert [text for text in said if MARK.casefold() in text.casefold() or TOKEN in text] == []
