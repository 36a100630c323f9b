"""Drives aio-sf against the emulator; one JSON object a check on standard output."""

import asyncio
import importlib
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

ORG = json.loads(Path(sys.argv[1]).read_text())


async def check(name: str, proves: str, run: Callable[[], Awaitable[bool]]) -> None:
    problem = None if await run() else "gave another answer"
    sys.stdout.write(json.dumps({"check": name, "proves": proves, "problem": problem}) + "\n")


async def main() -> None:
    aio_sf: Any = importlib.import_module("aio_sf")  # installed beside the project, not by it
    auth = aio_sf.ClientCredentialsAuth(
        instance_url=ORG["instance_url"],
        client_id=ORG["consumer_key"],
        client_secret=ORG["consumer_secret"],
    )
    async with aio_sf.SalesforceClient(auth, version="v66.0") as sf:

        async def collections() -> bool:
            rows = [{"External_Id__c": f"aio{at}", "LastName": "A", "Company": "Aio"} for at in range(450)]
            results = await sf.collections.upsert(
                rows, "External_Id__c", sobject_type="Lead", all_or_none=False
            )
            return len(results) == 450 and all(item["success"] for item in results)

        async def bulk() -> bool:
            job = await sf.bulk_v2.execute_query("SELECT Id FROM Lead WHERE Company = 'Aio'", poll_interval=1)
            text, locator = await sf.bulk_v2.get_job_results(job["id"], max_records=100)
            return len(text.splitlines()) == 101 and locator is not None

        async def describe() -> bool:
            return bool((await sf.describe.sobject("Lead"))["name"] == "Lead")

        await check("collections upsert", "client credentials, introspection, Collections", collections)
        await check("bulk query", "pages by locator", bulk)
        await check("describe", "describe", describe)


if __name__ == "__main__":
    asyncio.run(main())
