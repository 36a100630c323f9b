"""Random sources, colleagues, faults and kills, drawn by hypothesis."""

import shutil
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.torture.dying import MOMENTS
from tests.torture.model import BAD, LONG, Person, Setting
from tests.torture.scene import UNMAPPED, Scene

PEOPLE = range(1, 7)
MARKS = [f"{letter}{digit}" for letter in "abcd" for digit in (1, 2)]
NAMES = ["Ada", " Ada ", "Łukasz", "王小明", "O'Brien", 'say "hi", twice', ""]
PHONES = ["", "+1", "+2", "#N/A", "line\none", " +1 ", LONG, "@{a.b}"]
FAXES = ["", "+1", "+2", BAD]

PLACES = (
    "composite",
    "composite/sobjects",
    "/query",
    "jobs/ingest$",
    "/batches$",
    "jobs/ingest/[^/]+$",
    "jobs/ingest/[^/]+/.*Results",
    "jobs/",
    "describe",
    "oauth2/token",
    "",
)
NETWORK: list[dict[str, Any]] = [
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "truncate_body"},
    {"kind": "expire_session"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 503, "html": True},
    {"kind": "status", "status": 200, "html": True},
]

numbers = st.sampled_from(PEOPLE)
audiences = st.sampled_from([("news",), ("vip",), ("news", "vip")])
network = st.builds(
    lambda kind, place, times, skip: {**kind, "match": {"path": place}, "times": times, "skip": skip},
    st.sampled_from(NETWORK),
    st.sampled_from(PLACES),
    st.sampled_from([1, 1, 1, 2, 3, 9, 99]),
    st.integers(0, 3),
)
locks = st.builds(
    lambda number, times: {
        "kind": "lock_rows",
        "object": "Lead",
        "field": "LastName",
        "values": [NAMES[number]],
        "times": times,
    },
    st.integers(0, 3),
    st.sampled_from([1, 2, 9]),
)
failing_jobs = st.builds(
    lambda rows, times: {"kind": "fail_job", "object": "Lead", "rows": rows, "times": times},
    st.integers(0, 3),
    st.integers(1, 2),
)
trouble_ = st.one_of(network, network, locks, failing_jobs)
one_or_two = st.lists(trouble_, min_size=1, max_size=2)
perhaps = st.lists(trouble_, max_size=1)
options_ = st.sampled_from([{}, {}, {}, {"backfill": True}, {"retry": ()}])


class Torture(Scene):
    """One project and one org, through good and bad days."""

    @initialize(
        match=st.sampled_from(["external id", "email", "lookup", "composite", "none"]),
        on_exit=st.sampled_from(["clear_audiences", "clear_all", "keep", "delete"]),
        mode=st.sampled_from(["upsert", "upsert", "upsert", "update_only"]),
        on_multiple=st.sampled_from(["reject", "oldest", "newest"]),
        titled=st.booleans(),
        many=st.integers(1, len(PEOPLE)),
        route=st.sampled_from(["single", "small", "bulk"]),
    )
    def begin(self, match: str, mode: str, on_multiple: str, titled: bool, many: int, **given: str) -> None:
        looked_up = match in {"lookup", "composite"}
        self.model.setting = Setting(
            match,
            on_exit=given["on_exit"],
            mode=mode if looked_up else "upsert",
            on_multiple=on_multiple if looked_up else "reject",
            titled=titled or match != "none",
        )
        self.route = given["route"]
        for number in list(PEOPLE)[:many]:
            self.model.people[number] = Person(number, MARKS[number - 1])

    def teardown(self) -> None:
        try:
            if self.model.people:
                self.settle()
        finally:
            shutil.rmtree(self.world.folder)
            self.tally.counts["examples"] += 1

    # what happens to the source

    @rule(
        number=numbers,
        name=st.sampled_from(NAMES),
        phone=st.sampled_from(PHONES),
        fax=st.sampled_from(FAXES),
        audiences=audiences,
    )
    def somebody_changes(self, number: int, **values: Any) -> None:
        if number not in self.model.people:
            self.model.people[number] = Person(number, MARKS[number - 1])
        self.model.change(number, **values)

    @rule(number=numbers, phone=st.sampled_from(["+1", "+2", "+3", ""]))
    def a_phone_changes(self, number: int, phone: str) -> None:
        if number in self.model.people:
            self.model.change(number, phone=phone)

    @rule(number=numbers, gone=st.booleans())
    def somebody_leaves(self, number: int, gone: bool) -> None:
        if number in self.model.people:
            if gone:
                del self.model.people[number]
            else:
                self.model.change(number, audiences=())

    @rule(number=numbers, mark=st.sampled_from([*MARKS, "A1", "B2", ""]))
    def somebody_is_marked_anew(self, number: int, mark: str) -> None:
        if number in self.model.people:
            self.model.change(number, mark=mark)

    @rule(one=numbers, other=numbers)
    def two_swap_their_marks(self, one: int, other: int) -> None:
        people = self.model.people
        if one in people and other in people:
            first, second = people[one].mark, people[other].mark
            self.model.change(one, mark=second)
            self.model.change(other, mark=first)

    # what happens in the org

    @rule(
        place=st.integers(0, 9),
        name=st.sampled_from(["Phone", "Fax", UNMAPPED]),
        value=st.sampled_from(["+7", "+8", None]),
    )
    def a_colleague_edits(self, place: int, name: str, value: str | None) -> None:
        live = self.live()
        if live:
            record_id = sorted(live)[place % len(live)]
            self.org.admin("PATCH", f"records/Lead/{record_id}", {name: value})
            self.model.edits[record_id, name] = value

    @rule(place=st.integers(0, 9))
    def a_colleague_deletes(self, place: int) -> None:
        live = self.live()
        if live:
            self.org.remove(sorted(live)[place % len(live)])

    @precondition(lambda self: self.model.setting.match != "none")
    @rule(mark=st.sampled_from(MARKS))
    def a_colleague_creates(self, mark: str) -> None:
        values = self.model.setting.identity(mark)
        taken = {self.model.setting.claim_of(record) for record in self.live().values()}
        if self.model.setting.match != "external id" or mark not in taken:
            made = self.org.create(LastName="Colleague", Company="Their own", **values)
            self.foreign.add(made["id"])

    # what happens to the config

    @rule(what=st.sampled_from(["fax", "renamed"]))
    def a_mapping_or_audience_changes(self, what: str) -> None:
        setattr(self.model.setting, what, not getattr(self.model.setting, what))

    @rule(on_exit=st.sampled_from(["clear_audiences", "clear_all", "keep", "delete"]))
    def the_exit_rule_changes(self, on_exit: str) -> None:
        self.model.setting.on_exit = on_exit

    @rule(route=st.sampled_from(["single", "small", "bulk"]), composite=st.booleans())
    def another_route_is_cheapest(self, route: str, composite: bool) -> None:
        self.route = route
        self.org.admin("POST", "settings", {"composite_collections": 5 if composite else 1})

    # time

    @rule(hours=st.sampled_from([0.05, 1, 25, 24 * 8]))
    def time_passes(self, hours: float) -> None:
        self.wait(hours)

    # runs

    @rule(moment=st.sampled_from(MOMENTS), trouble=perhaps, options=options_)
    def a_run_is_killed(self, **given: Any) -> None:
        self.carry_out(**given)

    @rule(
        when=st.sampled_from(["before", "after"]), nth=st.integers(1, 20), trouble=perhaps, options=options_
    )
    def a_run_is_killed_at_a_request(self, when: str, **given: Any) -> None:
        self.carry_out(moment=f"{when} request", **given)

    @rule(
        when=st.sampled_from(["before", "after"]), nth=st.integers(1, 60), trouble=perhaps, options=options_
    )
    def a_run_is_killed_at_a_write(self, when: str, **given: Any) -> None:
        self.carry_out(moment=f"{when} write", **given)

    @rule(trouble=one_or_two)
    def a_run_meets_trouble(self, trouble: list[dict[str, Any]]) -> None:
        self.carry_out(trouble=trouble)

    @rule(calls=st.integers(0, 12))
    def the_budget_is_small(self, calls: int) -> None:
        spent = self.books().recent
        self.world.sync["max_daily_api_calls"] = spent + calls
        self.carry_out(budget=spent + calls)
        assert self.books().recent <= max(spent + calls, spent)

    @rule()
    def a_plan_changes_nothing(self) -> None:
        before, records = self.books(), self.org.records()
        self.order("plan")
        after = self.kept = self.books()
        assert after.ledger == before.ledger
        assert after.state == before.state or not before.state  # the store is made by whoever comes first
        assert self.org.records() == records

    @rule()
    def all_is_sent_again(self) -> None:
        self.model.resent = True
        self.settle(options={"backfill": True})

    @rule()
    def parked_rows_are_tried_again(self) -> None:
        self.settle(options={"retry": ()})

    @rule()
    def all_settles(self) -> None:
        self.settle()
