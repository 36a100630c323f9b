"""The product's config for the bench."""

import json
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.org import Org
from scripts.bench.statements import COLUMNS

AUDIENCES = 50
RULES = {f"visits_{tenth}": {"where": f"visits % 10 >= {tenth}"} for tenth in range(10)}


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a store, and a config for each day."""

    folder: Path
    rules: bool = False

    @property
    def store(self) -> Path:
        """The state of yesterday."""
        return self.folder / "store.duckdb"

    @property
    def empty(self) -> Path:
        """A store that knows the object and no member."""
        return self.folder / "empty.duckdb"

    def config(
        self, day: Path, org: Org, *, store: Path | None = None, limit: int | None = None, dated: bool = False
    ) -> Path:
        """Write the config of a day.

        Args:
            day: Its data.
            org: Where to log in.
            store: `store` if not told.
            limit: Profiles to read of it, all if not told.
            dated: Memberships say when they changed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "consumer_key").write_text(org.greeting["consumer_key"])
        # one name for every day: what is read from elsewhere would be compared whole
        profiles, memberships = (
            f"read_parquet('{self._current(day, name)}')"
            for name in ("profiles", "dated" if dated else "memberships")
        )
        if limit is not None:
            profiles = f"SELECT * FROM {profiles} LIMIT {limit}"  # noqa: S608  (our own names)
        source = {"profiles": {"from": profiles, "key": "user_id", "updated_at": "updated_at"}}
        if not self.rules:
            source["memberships"] = {"from": memberships, "key": "user_id", "audience": "audience"}
        if dated:
            source["memberships"] |= {"active": "active", "updated_at": "updated_at"}
        document = {
            "version": 1,
            "store": str(store or self.store),
            "connection": {
                "login_url": org.greeting["login_url"],
                "ca_bundle": org.greeting["ca_bundle"],
                "auth": {
                    "method": "jwt_bearer",
                    "consumer_key": "${file:./consumer_key}",
                    "username": org.greeting["username"],
                    "private_key": f"${{file:{org.greeting['private_key_file']}}}",
                },
            },
            "source": source,
            "syncs": [self._sync()],
        }
        if self.rules:
            document["audiences"] = RULES
        path = self.folder / f"{day.name}{'-empty' if store else ''}.yaml"
        path.write_text(json.dumps(document, indent=1))
        return path

    def _current(self, day: Path, name: str) -> Path:
        current = self.folder / f"{name}.parquet"
        current.unlink(missing_ok=True)
        current.symlink_to(day / current.name)
        return current

    def _sync(self) -> dict[str, object]:
        return {
            "name": "leads",
            "object": "Lead",
            "match_field": "Email",
            "audiences": list(RULES)
            if self.rules
            else [f"audience_{ordinal}" for ordinal in range(AUDIENCES)],
            "send_audiences_to": "Audiences__c",
            "send_scores_to": {"field": "Scores__c", "scores": ["score_recency", "score_frequency"]},
            "send_affinities_to": {"field": "Affinities__c", "from": "affinities", "top": 3},
            "required_fields": {"LastName": "last_name", "Company": "company", "Email": "email"},
            "extra_fields": {
                "FirstName": "first_name",
                "Phone": "phone",
                "City": "city",
                "Country": "country",
                "PostalCode": "postal_code",
                "Website": "website",
            },
            "trigger_fields": COLUMNS.split(", "),
        }
