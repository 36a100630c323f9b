"""Random sources, colleagues, faults and kills, drawn by hypothesis."""

import shutil
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from audiencesync import upkeep
from tests.pushes import Change as Push
from tests.torture.model import BAD, LONG, Person, Setting, marked
from tests.torture.scene import UNMAPPED, Scene

PEOPLE = range(1, 7)
MARKS = [f"{letter}{digit}" for letter in "abcd" for digit in (1, 2)]
NAMES = ["Ada", " Ada ", "Łukasz", "王小明", "O'Brien", 'say "hi", twice', ""]
PHONES = ["", "+1", "+2", "#N/A", "line\none", " +1 ", LONG, "@{a.b}"]
FAXES = ["", "+1", "+2", BAD]
EXITS = ["clear_audiences", "clear_all", "keep", "delete"]

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

Change = tuple[int, dict[str, Any]]
Life = tuple[tuple[str, int], dict[str, Any]]
"""When it ends, and what is pushed meanwhile."""

numbers = st.sampled_from(PEOPLE)
audiences = st.sampled_from([("news",), ("vip",), ("news", "vip")])
change = st.tuples(
    numbers,
    st.one_of(
        st.fixed_dictionaries({"phone": st.sampled_from(["+1", "+2", "+3"])}),
        st.fixed_dictionaries({"phone": st.sampled_from(PHONES)}),
        st.fixed_dictionaries({"name": st.sampled_from(NAMES)}),
        st.fixed_dictionaries({"fax": st.sampled_from(FAXES)}),
        st.fixed_dictionaries({"mark": st.sampled_from([*MARKS, "A1", "B2", ""])}),
        st.fixed_dictionaries({"audiences": audiences}),
        st.sampled_from([{"audiences": ()}, {"gone": True}]),
    ),
)
keys = st.builds(
    "p{}".format, st.sampled_from([1, 1, 1, 2, 2, 3, 4, 5, 6])
)  # some are spoken of again and again
said = st.one_of(
    st.fixed_dictionaries({"phone": st.sampled_from(["+4", "+5", None])}),
    st.fixed_dictionaries({"phone": st.sampled_from([*PHONES, None])}),
    st.fixed_dictionaries({"name": st.sampled_from([*NAMES, None])}),
    st.fixed_dictionaries({"fax": st.sampled_from([*FAXES, None])}),
    st.builds(marked, st.sampled_from([*MARKS, "A1", "B2", ""])),
    st.builds(lambda mark: {"name": "Pushed", "phone": "+6", **marked(mark)}, st.sampled_from(MARKS)),
    st.just({}),
)
push = st.one_of(
    st.builds(lambda key, values: Push("profile", key, values), keys, said),
    st.builds(lambda key, values: Push("profile", key, values), keys, said),
    st.builds(
        lambda key, audience, member: Push("membership", key, None, audience, member),
        keys,
        st.sampled_from(["news", "vip"]),
        st.booleans(),
    ),
    st.builds(lambda key: Push("removal", key), keys),
    st.builds(lambda key, previous: Push("alias", key, previous=previous), keys, keys),
)
changes_ = st.lists(change, max_size=4)
some_changes = st.lists(change, min_size=1, max_size=4)
deaths_ = st.one_of(
    st.tuples(st.just("named"), st.integers(1, 100)),
    st.tuples(st.just("named"), st.integers(1, 100)),
    st.tuples(st.sampled_from(["before request", "after request"]), st.integers(1, 12)),
    st.tuples(st.sampled_from(["before write", "after write"]), st.integers(1, 40)),
    st.tuples(st.sampled_from(["before commit", "after commit"]), st.integers(1, 12)),
)
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
options_ = st.sampled_from([{}, {}, {}, {"backfill": True}, {"retry": ()}, {"pushed": True}, {"full": True}])
some_pushes = st.lists(push, min_size=1, max_size=4)
pushed_ = st.fixed_dictionaries(
    {
        "pushes": st.lists(push, max_size=4),
        "meanwhile": st.one_of(
            st.just(("", 1, ())),
            st.tuples(st.sampled_from(["before request", "after request"]), st.integers(1, 8), some_pushes),
            st.tuples(st.sampled_from(["before commit", "after commit"]), st.integers(1, 12), some_pushes),
        ),
    }
)


class Torture(Scene):
    """One project and one org, through good and bad days."""

    @initialize(
        match=st.sampled_from(["external id", "email", "lookup", "composite", "none"]),
        on_exit=st.sampled_from(EXITS),
        mode=st.sampled_from(["upsert", "upsert", "upsert", "update_only"]),
        on_multiple=st.sampled_from(["reject", "oldest", "newest"]),
        titled=st.booleans(),
        dated=st.sampled_from(["nothing", "profiles", "both"]),
        many=st.integers(1, len(PEOPLE)),
        route=st.sampled_from(["single", "small", "bulk", "bulk", "no job"]),
    )
    def begin(self, match: str, mode: str, on_multiple: str, many: int, **given: Any) -> None:
        looked_up = match in {"lookup", "composite"}
        self.model.setting = Setting(
            match,
            on_exit=given["on_exit"],
            mode=mode if looked_up else "upsert",
            on_multiple=on_multiple if looked_up else "reject",
            titled=given["titled"] or match != "none",
            assigned=given["route"] == "no job",
            dated=given["dated"] != "nothing",
            listed_dated=given["dated"] == "both",
        )
        if self.model.setting.dated:
            self.world.date_profiles()
        if self.model.setting.listed_dated:
            types = "{'changed_at': 'TIMESTAMP', 'active': 'BOOLEAN'}"
            self.world.config["source"]["memberships"] |= {
                "from": f"read_csv('memberships.csv', all_varchar = true, types = {types})",
                "updated_at": "changed_at",
                "active": "active",
            }
        self.route = given["route"].replace("no job", "small")
        for number in list(PEOPLE)[:many]:
            self.model.appear(Person(number, MARKS[number - 1]))

    def teardown(self) -> None:
        try:
            if self.model.people or self.model.pushes.known:
                self.settle()
        finally:
            shutil.rmtree(self.world.folder)
            self.tally.counts["examples"] += 1

    # what happens to the source

    def apply(self, changes: list[Change]) -> None:
        """Change people, the unknown among them appear; the change `gone` takes one out of the source."""
        for number, values in changes:
            if "gone" in values:
                self.model.vanish(number)
                continue
            if number not in self.model.people:
                self.model.appear(Person(number, MARKS[number - 1]))
            self.model.change(number, **values)

    @rule(changes=changes_)
    def people_change(self, changes: list[Change]) -> None:
        self.apply(changes)

    @rule(one=numbers, other=numbers)
    def two_swap_their_marks(self, one: int, other: int) -> None:
        people = self.model.people
        if one in people and other in people:
            self.apply([(one, {"mark": people[other].mark}), (other, {"mark": people[one].mark})])

    # what happens in the org

    @rule(
        place=st.integers(0, 9),
        edit=st.one_of(
            st.tuples(st.sampled_from(["Phone", "Fax", UNMAPPED]), st.sampled_from(["+7", "+8", None])),
            st.none(),
        ),
    )
    def a_colleague_edits_or_deletes(self, place: int, edit: tuple[str, str | None] | None) -> None:
        live = sorted(self.live())
        if not live:
            return
        record_id = live[place % len(live)]
        if edit is None:
            self.org.remove(record_id)
        else:
            self.org.admin("PATCH", f"records/Lead/{record_id}", dict([edit]))
            self.model.edits[record_id, edit[0]] = edit[1]

    @precondition(lambda self: self.model.setting.match != "none")
    @rule(mark=st.sampled_from(MARKS))
    def a_colleague_creates(self, mark: str) -> None:
        values = self.model.setting.identity(mark)
        taken = {self.model.setting.claim_of(record) for record in self.live().values()}
        if self.model.setting.match != "external id" or mark not in taken:
            made = self.org.create(LastName="Colleague", Company="Their own", **values)
            self.foreign.add(made["id"])

    # what happens besides

    @rule(
        what=st.one_of(
            st.tuples(st.just("fax"), st.booleans()),
            st.tuples(st.just("renamed"), st.booleans()),
            st.tuples(st.just("on_exit"), st.sampled_from(EXITS)),
        )
    )
    def the_config_changes(self, what: tuple[str, Any]) -> None:
        setattr(self.model.setting, *what)

    @rule(
        hours=st.sampled_from([0, 0.05, 1, 25, 24 * 8]),
        route=st.sampled_from(["single", "small", "bulk"]),
        composite=st.booleans(),
    )
    def time_passes_and_another_route_is_cheapest(self, hours: float, route: str, composite: bool) -> None:
        self.wait(hours)
        self.route = route
        self.org.admin("POST", "settings", {"composite_collections": 5 if composite else 1})

    # runs

    @rule(
        changes=changes_,
        lives=st.lists(st.tuples(deaths_, pushed_), min_size=1, max_size=3),
        trouble=perhaps,
        options=options_,
    )
    def runs_are_killed(
        self,
        changes: list[Change],
        lives: list[Life],
        trouble: list[dict[str, Any]],
        options: dict[str, Any],
    ) -> None:
        self.apply(changes)
        for (moment, nth), pushed in lives:
            self.carry_out(moment=moment, nth=nth, trouble=trouble, options=options, **pushed)
            trouble, options = [], {}

    @rule(
        lives=st.lists(st.tuples(st.one_of(st.just(("", 1)), deaths_), pushed_), max_size=3), trouble=perhaps
    )
    def pushes_alone_are_enough(self, lives: list[Life], trouble: list[dict[str, Any]]) -> None:
        """Where nothing else happens, runs for what was pushed leave nothing to any other."""
        self.settle()
        for (moment, nth), pushed in lives:
            self.carry_out(options={"pushed": True}, moment=moment, nth=nth, trouble=trouble, **pushed)
            trouble = []
        if not self.quiet:
            self.wait(0.2)
        self.run_until_nothing_is_left({"pushed": True}, {"pushed": True})
        assert not self.run_in_peace({}).planned, "a run over the source found something to send"

    @rule(changes=some_changes, death=deaths_)
    def a_run_is_killed(self, changes: list[Change], death: tuple[str, int]) -> None:
        self.apply(changes)
        self.carry_out(moment=death[0], nth=death[1])

    @rule(changes=changes_, trouble=one_or_two, pushed=pushed_, options=options_)
    def a_run_meets_trouble(
        self,
        changes: list[Change],
        trouble: list[dict[str, Any]],
        pushed: dict[str, Any],
        options: dict[str, Any],
    ) -> None:
        self.apply(changes)
        self.carry_out(trouble=trouble, options=options, **pushed)

    @rule(changes=changes_, calls=st.integers(0, 12))
    def the_budget_is_small(self, changes: list[Change], calls: int) -> None:
        self.apply(changes)
        cap = self.books().recent + calls
        self.world.sync["max_daily_api_calls"] = cap
        self.carry_out(budget=cap)
        assert self.kept.recent <= cap

    @rule()
    def a_plan_changes_nothing(self) -> None:
        self.order("plan")  # what was pushed is taken over by whoever comes first, be it a plan
        before, records = self.books(), self.org.records()
        self.order("plan")
        after = self.kept = self.books()
        assert after.ledger == before.ledger
        assert after.state == before.state
        assert self.org.records() == records

    @precondition(lambda self: (self.world.folder / "store.duckdb").exists())
    @rule()
    def the_store_is_compacted(self) -> None:
        before = self.books()
        upkeep.compact(self.world.project(), clock=self.world.clock)
        after = self.books()
        assert (after.ledger, after.state) == (before.ledger, before.state)

    @rule(options=options_)
    def all_settles(self, options: dict[str, Any]) -> None:
        self.settle(options)
