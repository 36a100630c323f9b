"""Whatever happens to source and network, the org ends as the source says, without a second record."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiencesync.records import Allowances
from tests.world import Org, World, person

PEOPLE = range(1, 7)
AUDIENCES = ("news", "vip")
LIFTED = Allowances(empty_source=True, exits=True, clears=True)

one_person = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Ada", " Ada ", "Łukasz", "王小明", "O'Brien", 'say "hi", twice']),
        "phone": st.sampled_from(["", "+1", "+2", "#N/A", "line\none"]),
        "audiences": st.lists(st.sampled_from(AUDIENCES), unique=True),
    }
)
one_day = st.tuples(
    st.dictionaries(st.sampled_from(PEOPLE), one_person),
    st.sampled_from([None, "drop_after", "drop_before", "truncate_body", "expire_session"]),
)


def expected(people: dict[int, dict[str, Any]]) -> dict[str, tuple[str, str | None, str]]:
    return {
        f"p{number}@example.com": (
            one["name"].strip(),
            one["phone"].strip() or None,
            ";".join(sorted(one["audiences"])),
        )
        for number, one in people.items()
        if one["audiences"]
    }


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(one_day, min_size=1, max_size=5))
def test_after_any_days_the_org_is_what_the_source_says(shared_org: Org, days: list[Any]) -> None:
    shared_org.clean()
    ever: set[str] = set()
    with TemporaryDirectory() as folder:
        world = World(Path(folder), shared_org)
        for people, fault in days:
            if fault:
                shared_org.fault(fault, match={"path": "composite/sobjects"})
            world.people([person(number, company="", **one) for number, one in people.items()])
            (report,) = world.run(allowed=LIFTED).syncs
            assert report.planned == report.accepted + report.rejected + report.invalid + report.unknown
            assert (report.rejected, report.invalid, report.unknown) == (0, 0, 0)
            ever |= set(expected(people))
            records = shared_org.records()
            assert len({record["Email"] for record in records}) == len(records)
            assert {record["Email"] for record in records} == ever
            members = {
                record["Email"]: (record["LastName"], record["Phone"], record["Audiences__c"])
                for record in records
                if record["Audiences__c"]
            }
            assert members == expected(people)
            assert world.run(allowed=LIFTED).syncs[0].planned == 0
