"""What of an instance outlives its process, and how it comes back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from audiencesync.emulator.bulk_ingest import resume
from audiencesync.emulator.bulk_query import work as query_work
from audiencesync.emulator.errors import EmulatorError
from audiencesync.emulator.ids import number_of
from audiencesync.emulator.metadata import field_from_json, field_to_json
from audiencesync.emulator.sessions import App

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audiencesync.emulator.instance import Instance
    from audiencesync.emulator.jobs import Job
    from audiencesync.emulator.schema import Record
    from audiencesync.emulator.store import Store


class Keeper:
    """Writes an instance to a store as it changes."""

    def __init__(self, instance: Instance, store: Store) -> None:
        self._instance = instance
        self._store = store
        self._last: dict[str, object] = {}
        instance.jobs.saved = self.job
        instance.jobs.forgotten = self.forget

    def records(self, touched: Mapping[tuple[str, str], Record | None], job: Job | None = None) -> None:
        """Records of one call; with those of a Bulk batch, the job's progress in the same transaction."""
        counts = {
            f"count:{name}": self._instance.org.table(name).count for name in {name for name, _ in touched}
        }
        progress = {f"job:{job.id}": asdict(job)} if job else {}
        self._store.write(touched, {**counts, **progress})

    def job(self, job: Job) -> None:
        """A job's state."""
        self._store.write({}, {f"job:{job.id}": asdict(job)})

    def forget(self, job: Job) -> None:
        """A deleted job."""
        self._store.write({}, {f"job:{job.id}": None})

    def rest(self) -> None:
        """Everything small: tokens, apps, meter, clock, settings, and fields made through the API."""
        instance, org = self._instance, self._instance.org
        now = {
            "sessions": instance.sessions.dump(),
            "apps": [asdict(app) for app in instance.apps.values()],
            "meter": org.meter.dump(),
            "clock": org.clock.offset_s,
            "settings": asdict(org.settings),
            "fields": [[name, field_to_json(item)] for name, item in org.made_fields],
            "hidden": sorted(org.hidden),
            "identity": {"org": org.id, "user": org.user_id},
        }
        changed = {name: body for name, body in now.items() if self._last.get(name) != body}
        if changed:
            self._store.write({}, changed)
            self._last = now


def restore(instance: Instance, store: Store) -> bool:
    """Bring an instance back from a store; False when the store is new."""
    identity = store.document("identity")
    if identity is None:
        return False
    org = instance.org
    org.id, org.user_id = identity["org"], identity["user"]
    org.clock.offset_s = store.document("clock")
    for name, value in store.document("settings").items():
        setattr(org.settings, name, value)
    org.meter.load(store.document("meter"))
    org.hidden = {(owner, name) for owner, name in store.document("hidden")}
    for owner, item in store.document("fields"):
        org.add_field(owner, field_from_json(item))
    instance.apps = {item["key"]: App(**item) for item in store.document("apps")}
    instance.sessions.load(store.document("sessions"))
    for name, record in store.records():
        if name not in org.tables:
            raise EmulatorError(
                f"the state folder holds {name} records; start with the --org file that defines {name}"
            )
        org.table(name).put(record)
    for table in org.tables.values():
        table.count = store.document(f"count:{table.kind.name}") or max(
            (number_of(record_id) for record_id in table.records), default=0
        )
    instance.jobs.load(store.documents("job:"))
    return True


def go_on(instance: Instance) -> None:
    """Run the jobs that a killed process left unfinished."""
    for job in list(instance.jobs.all.values()):
        if job.state in {"UploadComplete", "InProgress"}:
            if job.kind == "ingest":
                resume(instance, job)
            else:
                instance.jobs.run(job, lambda item: query_work(instance, item))
