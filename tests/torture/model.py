"""What the source says, and what the org must therefore hold."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.pushes import Change, Pushes

Fields = Mapping[str, str | None]

MATCHES: dict[str, tuple[str, ...]] = {
    "external id": ("Key__c",),
    "email": ("Email",),
    "lookup": ("Code__c",),
    "composite": ("Code__c", "Region__c"),
    "none": (),
}
COLUMNS = ("name", "phone", "fax", "email", "mark", "code", "region")
LONG = "+" * 41
BAD = "bad"
"""A Fax that a validation rule of the org refuses."""

ORG = {
    "objects": {
        "Lead": {
            "fields": {
                "Key__c": {"label": "Key", "type": "Text", "length": 20, "externalId": True, "unique": True},
                "Code__c": {"label": "Code", "type": "Text", "length": 20},
                "Region__c": {"label": "Region", "type": "Text", "length": 20},
            }
        }
    },
    "validation_rules": [{"name": "Bad", "object": "Lead", "when": f"Fax = '{BAD}'", "message": "no"}],
}


def marked(mark: str) -> dict[str, str]:
    """The columns that follow from a mark."""
    return {
        "email": f"{mark}@example.com" if mark else "",
        "mark": mark,
        "code": mark[:1],
        "region": mark[1:],
    }


@dataclass(frozen=True)
class Person:
    """A row of the source, or of what is pushed over it, and its memberships."""

    number: int
    mark: str
    name: str = "Ada"
    phone: str = "+1"
    fax: str = ""
    audiences: tuple[str, ...] = ("news",)

    @property
    def key(self) -> str:
        return f"p{self.number}"

    @property
    def claim(self) -> str:
        """Match values compare without case and surrounding space."""
        return self.mark.strip().lower()

    def columns(self) -> dict[str, str]:
        return {"name": self.name, "phone": self.phone, "fax": self.fax, **marked(self.mark)}

    @classmethod
    def of(cls, key: str, columns: Mapping[str, str | None], audiences: tuple[str, ...]) -> "Person":
        mark, name, phone, fax = (columns[one] or "" for one in ("mark", "name", "phone", "fax"))
        return cls(int(key[1:]), mark, name, phone, fax, audiences)


def now() -> int:
    """Microseconds since 1970, as changes are dated."""
    return time.time_ns() // 1000


@dataclass
class Setting:
    """A config, as far as it is drawn."""

    match: str
    on_exit: str = "clear_audiences"
    mode: str = "upsert"
    on_multiple: str = "reject"
    fax: bool = True
    titled: bool = True
    renamed: bool = False
    assigned: bool = False
    dated: bool = False
    listed_dated: bool = False

    @property
    def match_fields(self) -> tuple[str, ...]:
        return MATCHES[self.match]

    def identity(self, mark: str) -> dict[str, str]:
        """Match field -> value."""
        values = {
            "Key__c": mark,
            "Email": f"{mark.lower()}@example.com",
            "Code__c": mark[:1] if self.match == "composite" else mark,
            "Region__c": mark[1:],
        }
        return {name: values[name] for name in self.match_fields}

    def sync(self) -> dict[str, Any]:
        columns = {"Key__c": "mark", "Email": "email", "Code__c": "mark", "Region__c": "region"}
        if self.match == "composite":
            columns["Code__c"] = "code"
        match_fields = list(self.match_fields)
        required: dict[str, Any] = {"LastName": "name", "Company": {"value": "n/a"}}
        if self.titled:
            required["Title"] = "id"
        sync: dict[str, Any] = {
            "name": "leads",
            "object": "Lead",
            "audiences": [self.named("news"), self.named("vip")],
            "send_audiences_to": "Audiences__c",
            "required_fields": required | {name: columns[name] for name in match_fields},
            "extra_fields": {"Phone": "phone"} | ({"Fax": "fax"} if self.fax else {}),
            "on_exit": self.on_exit,
            "mode": self.mode,
            "on_multiple": self.on_multiple,
            "assignment_rule": self.assigned,
        }
        if match_fields:
            sync["match_field"] = match_fields if len(match_fields) > 1 else match_fields[0]
        return sync

    def named(self, audience: str) -> str:
        """An audience as the config and the source call it now."""
        return "gold" if self.renamed and audience == "vip" else audience

    def says(self, person: Person) -> dict[str, str | None]:
        """What a member's record must say, field by field."""
        fields: dict[str, str | None] = {
            "LastName": person.name.strip() or None,
            "Phone": person.phone.strip() or None,
            "Audiences__c": ";".join(sorted(person.audiences)),
        }
        if self.titled:
            fields["Title"] = person.key
        if self.fax:
            fields["Fax"] = person.fax.strip() or None
        return fields | (self.identity(person.mark) if person.mark else {})

    def claim_of(self, record: Mapping[str, Any]) -> str:
        """The match value of a record, as they are compared."""
        text = "".join(record[name] or "" for name in self.match_fields)
        return text.removesuffix("@example.com").lower()

    def wrong(self, person: Person) -> set[str]:
        """Error codes that the row brings upon itself."""
        codes = set()
        if person.phone == LONG:
            codes.add("STRING_TOO_LONG")
        if not person.name.strip():
            codes.add("REQUIRED_FIELD_MISSING")
        if self.match_fields and not person.mark:
            codes |= {"MATCH_VALUE_MISSING", "REQUIRED_FIELD_MISSING"}
        if self.fax and person.fax == BAD:
            codes.add("FIELD_CUSTOM_VALIDATION_EXCEPTION")
        return codes


@dataclass(frozen=True)
class Seen:
    """A person as a run saw her: what her record had to say, None when she was no member."""

    fields: Fields | None
    claim: str = ""


@dataclass
class Model:
    """What happened since the start, and what may be so since the last time that all was settled.

    Attributes:
        people: The source.
        changed: When each of them last changed.
        listed: (profile, audience) that the source has ever told of -> when that last changed.
        vanished: Somebody left the source, of which only a run over all of it can know.
        pushes: What was pushed over the source.
        settled: Profile -> what Salesforce had accepted of her.
        window: Profile -> how she was at each run since then.
        edits: (record, field) -> what a colleague wrote.
        carried: Match key -> records that ever had it.
    """

    setting: Setting
    people: dict[int, Person] = field(default_factory=dict)
    changed: dict[int, int] = field(default_factory=dict)
    listed: dict[tuple[int, str], int] = field(default_factory=dict)
    vanished: bool = False
    pushes: Pushes = field(default_factory=Pushes)
    settled: dict[str, Seen] = field(default_factory=dict)
    window: dict[str, list[Seen]] = field(default_factory=dict)
    edits: dict[tuple[str, str], str | None] = field(default_factory=dict)
    carried: dict[str, set[str]] = field(default_factory=dict)
    resent: bool = False
    exit_rules: set[str] = field(default_factory=set)

    @property
    def members(self) -> dict[str, Person]:
        """Those of the source and of the pushes over it, with their audiences."""
        source = {
            one.key: (one.columns(), self.changed[number] if self.setting.dated else -1)
            for number, one in self.people.items()
        }
        listed = {
            (self.people[number].key, self.setting.named(name)): (
                name in self.people[number].audiences,
                moment if self.setting.listed_dated else -1,
            )
            for (number, name), moment in self.listed.items()
        }
        memberships = self.pushes.memberships(listed)
        found = {}
        for key, columns in self.pushes.profiles(source, COLUMNS).items():
            audiences = [
                name for name in map(self.setting.named, ("news", "vip")) if (key, name) in memberships
            ]
            if audiences:
                found[key] = Person.of(key, columns, tuple(audiences))
        return found

    def appear(self, person: Person) -> None:
        self.people[person.number] = person
        self.changed[person.number] = now()
        self.listed |= {(person.number, name): now() for name in person.audiences}

    def change(self, number: int, **values: Any) -> None:
        before = self.people[number]
        after = self.people[number] = replace(before, **values)
        if values.keys() - {"audiences"}:
            self.changed[number] = now()
        self.listed |= {(number, name): now() for name in {*before.audiences} ^ {*after.audiences}}

    def vanish(self, number: int) -> None:
        self.vanished |= self.people.pop(number, None) is not None
        self.listed = {pair: moment for pair, moment in self.listed.items() if pair[0] != number}

    def push(self, changes: Sequence[Change]) -> None:
        """What was pushed just now."""
        for change in changes:
            self.pushes.take(change, now())

    def run_begins(self) -> None:
        """Note what a run will see."""
        members = self.members
        self.exit_rules.add(self.setting.on_exit)
        for key in {*members, *self.settled, *self.window}:
            seen = Seen(None)
            if key in members:
                seen = Seen(self.setting.says(members[key]), members[key].claim)
            self.window.setdefault(key, []).append(seen)

    def wanted(self, key: str, name: str) -> set[str | None]:
        """Values of a field that the source has asked for since all was settled, or that it had then."""
        views = [*self.window.get(key, []), *([self.settled[key]] if key in self.settled else [])]
        values = {view.fields.get(name) for view in views if view.fields is not None and name in view.fields}
        cleared = name == "Audiences__c" or ("clear_all" in self.exit_rules and name in {"Phone", "Fax"})
        if cleared and any(view.fields is None for view in views):
            values.add(None)
        return values

    def may_say(self, key: str, record_id: str, name: str) -> set[str | None]:
        """What a field of an acknowledged member's record may be now that all is settled."""
        now = self.setting.says(self.members[key])[name]
        edited = (record_id, name)
        if edited not in self.edits:
            return {now}
        before = self.settled.get(key)
        if before is None or before.fields is None or name not in before.fields or self.resent:
            return {now, self.edits[edited]}
        views = self.window.get(key, [])
        changed = any(view.fields is None or view.fields.get(name) != before.fields[name] for view in views)
        return {now, self.edits[edited]} if changed else {self.edits[edited]}
