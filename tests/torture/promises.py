"""What must be true when nothing is left to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.torture.books import Books
from tests.torture.model import Model, Person, Seen
from tests.world import Record


@dataclass
class Rest:
    """The org and the store at rest.

    Attributes:
        live: Id -> record.
    """

    model: Model
    live: Mapping[str, Record]
    books: Books

    def check(self) -> None:
        """Every member is in the org as the source has her, or parked for a reason."""
        live, model, books = self.live, self.model, self.books
        assert books.outbox == 0
        settled: dict[str, Seen] = {}
        taken: dict[str, str] = {}
        for key, person in model.members.items():
            if key in books.parked:
                continue
            assert key in books.acknowledged, f"{key} is nowhere"
            says = model.setting.says(person)
            assert not model.setting.wrong(person), f"{key} was accepted"
            believed = {name: books.payload[key].get(name) for name in says}
            assert believed == says, f"{key} is believed to say {believed}, not {says}"
            told = {name: books.told.get(key, {}).get(name) for name in says}
            assert told == says, f"the ledger tells {told} of {key}, not {says}"
            settled[key] = Seen(says, person.claim)
            (record_id,) = books.record[key]
            assert record_id not in taken, f"{key} and {taken.get(record_id)} have one record"
            taken[record_id] = key
            if record_id not in live:
                continue  # a colleague deleted it, and nothing about her has changed since
            for name in says:
                record = live[record_id]
                allowed = model.may_say(key, record_id, name)
                assert record[name] in allowed, f"{name} of {key} is {record[name]!r}, not {allowed}"
                if record[name] == says[name]:
                    model.edits.pop((record_id, name), None)
        for key in books.parked:
            assert key in model.members, f"{key} is parked and no member"
            if key in model.settled and model.settled[key].fields is not None:
                settled[key] = model.settled[key]
            self._check_excuse(key, settled)
        self._check_leavers(taken)
        known = {record_id for ids in books.record.values() for record_id in ids}
        if "delete" not in model.exit_rules:
            strays = {one for one, record in live.items() if record["Company"] == "n/a"} - known
            assert not strays, f"nobody knows of {strays}"
        model.settled, model.window, model.resent = settled, {}, False
        model.exit_rules = {model.setting.on_exit}

    def _check_unmatched(self, person: Person) -> None:
        assert self.model.setting.mode == "update_only", f"{person.key} is nowhere"
        held = {one for key in self.books.acknowledged for one in self.books.record.get(key, [])}
        free = {
            one
            for one in self.live.keys() - held
            if self.model.setting.claim_of(self.live[one]) == person.claim
        }
        assert not free, f"{person.key} was not matched with {free}"

    def _check_excuse(self, key: str, settled: Mapping[str, Seen]) -> None:
        person, code = self.model.members[key], self.books.parked[key]
        if code in self.model.setting.wrong(person):
            return
        if code == "NO_RECORD":
            self._check_unmatched(person)
            return
        others = {one for one, seen in settled.items() if one != key and seen.claim == person.claim}
        others |= {one for one in self.books.acknowledged - {key} if person.claim in self._claims_of(one)}
        # one whose record a colleague deleted is not asked about as long as nothing of hers is to be sent
        others |= {one for one in self.books.acknowledged - {key} if person.claim == self._believed_of(one)}
        carried = self.model.carried.get(person.claim, set())
        if code == "DUPLICATE_MATCH_VALUE":
            assert others, f"{key} is parked as {code}, and nobody else has {person.claim}"
        elif code == "DUPLICATE_RECORD":
            rivals = [ids for other, ids in self.books.record.items() if other != key and other in settled]
            assert self.books.record[key] in rivals
        elif code in {"DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"}:
            assert carried - set(self.books.record.get(key, [])), f"{key} is parked as {code}"
        else:
            raise AssertionError(f"{key} is parked as {code}")

    def _believed_of(self, key: str) -> str:
        """The match value that was last accepted of a profile."""
        kept = self.books.payload.get(key, {})
        return self.model.setting.claim_of({name: kept.get(name) for name in self.model.setting.match_fields})

    def _claims_of(self, key: str) -> set[str]:
        """Match values of a profile's records as they are."""
        records = [self.live[one] for one in self.books.record.get(key, []) if one in self.live]
        return {self.model.setting.claim_of(record) for record in records}

    def _check_leavers(self, taken: Mapping[str, str]) -> None:
        if len(self.model.exit_rules) > 1:
            return
        rule_ = self.model.setting.on_exit
        for key, seen in self.model.settled.items():
            if key in self.model.members or seen.fields is None:
                continue
            assert key not in self.books.acknowledged
            for record_id in self.books.record.get(key, []):
                if record_id in taken or record_id not in self.live:
                    continue
                assert rule_ != "delete", f"{record_id} of {key} is still there"
                if rule_.startswith("clear"):
                    assert not self.books.told.get(key), f"the ledger does not tell that {key} left"
                    assert self.live[record_id]["Audiences__c"] is None, f"{key} left and keeps her audiences"
