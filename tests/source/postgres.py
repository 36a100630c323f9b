"""A real PostgreSQL server in a temporary folder, run by a user without privileges."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "it's @ secret/pass:word"
QUOTED_PASSWORD = "it%27s%20%40%20secret%2Fpass%3Aword"


@dataclass(frozen=True)
class Server:
    """Where the server listens."""

    folder: Path
    port: int
    database: str = "postgres"

    @property
    def url(self) -> str:
        """As the owner, over the socket, without a password."""
        return f"postgresql:///{self.database}?host={self.folder}&port={self.port}&user=owner"

    def url_of(self, user: str, password: str) -> str:
        """Over the loopback address, where a password is asked for."""
        return f"postgres://{user}:{password}@127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the owner, and give the rows of the last one."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


def programs() -> Path | None:
    """The folder of Debian's server programs, if they are installed."""
    config = shutil.which("pg_config")
    named = (
        subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True) if config else None
    )
    folders = [Path(named.stdout.strip())] if named else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextlib.contextmanager
def running(folder_of_programs: Path) -> Iterator[Server]:
    """A server for as long as the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="audiencesync-pg-"))  # a socket's path has room for 107 bytes
    user = _user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)

    def run(program: str, *arguments: str) -> None:
        identity: dict[str, Any] = {}
        if user is not None:
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        subprocess.run(
            [folder_of_programs / program, *arguments],
            check=True, capture_output=True, cwd=folder, env={"LC_ALL": "C.UTF-8", "TZ": "Asia/Kolkata"},
            **identity,
        )  # fmt: skip

    data = str(folder / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run("initdb", "-D", data, "-U", "owner", "-E", "UTF8", "--no-sync",
        "--auth-local=trust", "--auth-host=scram-sha-256")  # fmt: skip
    options = (
        f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB "
        "-c max_connections=20 -c TimeZone=Asia/Kolkata"
    )
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield Server(folder, port)
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> pwd.struct_passwd | None:
    """Whom to run the server as: it refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    known: Sequence[str] = ("postgres", "nobody")
    for name in known:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("there is no user without privileges")
