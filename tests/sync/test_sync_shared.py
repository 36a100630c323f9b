"""Two syncs write one record: what each does to what the other wrote is said."""

from audiencesync.records import SharedRecords
from tests.world import World, person


def test_a_plan_says_which_records_another_sync_writes_over(world: World) -> None:
    world.config["syncs"].append({**world.sync, "name": "vips", "audiences": ["vip"]})
    world.sync["audiences"] = ["news"]
    both, apart = person(1, audiences=["news", "vip"]), person(2, audiences=["vip"])
    world.people([both, apart])
    world.run()

    world.people([{**both, "phone": "+9"}, {**apart, "phone": "+9"}])
    assert [one.shared for one in world.plan().syncs] == [(), ()]  # both say the same of the phone

    world.people([{**both, "audiences": ["news"]}, {**apart, "audiences": []}])
    shared = SharedRecords("leads", ("Audiences__c",), 1)
    assert [one.shared for one in world.plan().syncs] == [(), (shared,)]
    report = world.run().syncs[1]
    assert report.document()["shared"] == [{"sync": "leads", "fields": ("Audiences__c",), "records": 1}]
