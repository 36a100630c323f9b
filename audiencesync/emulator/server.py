"""Starting and ending the server."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from audiencesync.emulator import (
    admin,
    bulk_ingest,
    bulk_multipart,
    bulk_query,
    composite,
    oauth_endpoints,
    page,
    rest_changes,
    rest_collections,
    rest_meta,
    rest_query,
    rest_records,
    tls,
    tooling,
    ui_api,
)
from audiencesync.emulator.errors import EmulatorError
from audiencesync.emulator.http import Router
from audiencesync.emulator.instance import Instance
from audiencesync.emulator.jobs import Jobs
from audiencesync.emulator.org import Org
from audiencesync.emulator.org_file import read as read_org_file
from audiencesync.emulator.org_setup import Setup
from audiencesync.emulator.sessions import App
from audiencesync.emulator.state import Keeper, go_on, restore
from audiencesync.emulator.store import Store
from audiencesync.emulator.wire import Edge, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOST = "127.0.0.1"
_ROUTES = (
    *admin.ROUTES,
    *page.ROUTES,
    *oauth_endpoints.ROUTES,
    *rest_meta.ROUTES,
    *rest_changes.ROUTES,
    *rest_collections.ROUTES,
    *bulk_multipart.ROUTES,
    *bulk_ingest.ROUTES,
    *bulk_query.ROUTES,
    *composite.ROUTES,
    *rest_query.ROUTES,
    *ui_api.ROUTES,
    *tooling.ROUTES,
    *rest_records.ROUTES,
)


def serve(port: int, state: Path | None, org_file: Path | None) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        EmulatorError: The port is taken, or the state folder or the org file cannot be used.
    """
    os.umask(0o077)  # keys, tokens and people's data are for this user alone
    listener = _listen(port)
    with listener, _folder(state) as folder:
        store = Store(folder) if state is not None else None
        instance = build(folder, store, org_file)
        go_on(instance)
        edge = Edge(instance)
        instance.renew = lambda: _renew(edge, folder, store, org_file)
        try:
            _run(edge, listener, folder)
        finally:
            edge.instance.jobs.stop()
            if store is not None:
                store.close()


def _renew(edge: Edge, folder: Path, store: Store | None, org_file: Path | None) -> None:
    """Put an org as at its first start in the place of the running one; address and credentials stay.

    What the old one has still at work goes on in it, unseen, until its next stop.
    """
    old = edge.instance
    old.keeper = old.jobs.saved = old.jobs.forgotten = None
    old.jobs.stop(wait=False)
    for job in list(old.jobs.all.values()):
        if job.state != "InProgress":
            old.jobs.forget(job)
    if store is not None:
        store.clear()
    new = build(folder, store, org_file, like=old)
    new.jobs.count = old.jobs.count  # the files of one still at work are not written over
    new.own_urls = old.own_urls
    new.renew = old.renew
    edge.instance = new


def build(folder: Path, store: Store | None, org_file: Path | None, like: Instance | None = None) -> Instance:
    """An instance with its keys and its connected app, new or as the store remembers it.

    Args:
        folder: For keys, uploads and results.
        store: Where it is kept, if anywhere.
        org_file: Describes the org.
        like: An instance that the new one takes the place of; its clients' credentials stay good.
    """
    tls.ensure(folder)
    org = Org()
    instance = Instance(org, Router(_ROUTES), Jobs(org, folder / "jobs"), folder)
    setup = Setup(instance, org_file, read_org_file(org_file)) if org_file is not None else None
    if setup is not None:
        setup.before_records()
    known = store is not None and restore(instance, store)
    if not known:
        org.id = like.org.id if like is not None else ""
        org.seed()
        _connect_app(instance, folder, like)
    if setup is not None:
        setup.rules()
        if not known:
            setup.records()
        setup.after_records()
    if store is not None:
        instance.keeper = Keeper(instance, store)
        instance.keeper.rest()
        if not known:
            instance.keeper.records(
                {(name, key): row for name, table in org.tables.items() for key, row in table.records.items()}
            )
    return instance


def _connect_app(instance: Instance, folder: Path, like: Instance | None) -> None:
    key, secret = f"3MVG9{secrets.token_urlsafe(60)}", secrets.token_hex(32).upper()
    if like is not None:
        (known, *_) = like.apps.values()
        key, secret = known.key, known.secret
    app = App(key, secret, tls.public_key(folder))
    app.run_as = instance.org.settings.username
    instance.apps[app.key] = app


def _run(edge: Edge, listener: socket.socket, folder: Path) -> None:
    instance = edge.instance
    port = listener.getsockname()[1]
    instance.own_urls = tuple(f"https://{host}:{port}" for host in ("localhost", _HOST))
    config = uvicorn.Config(
        edge,
        http=Protocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # the edge tells the time by the org's clock
        proxy_headers=False,
        ssl_certfile=folder / tls.SERVER,
        timeout_graceful_shutdown=1,
    )
    server = _Announcing(config, _greeting(instance, folder))
    server.run([listener])


class _Announcing(uvicorn.Server):
    """A server that says where it is as soon as it accepts connections, and ends without a signal's code."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the first and only line of standard output."""
        await super().startup(sockets)
        sys.stdout.write(self._greeting + "\n")
        sys.stdout.flush()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as the wish to end, which is exit code 0."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def _greeting(instance: Instance, folder: Path) -> str:
    app = next(iter(instance.apps.values()))
    return json.dumps(
        {
            "login_url": instance.own_urls[0],
            "instance_url": instance.own_urls[0],
            "ca_bundle": str(folder / tls.CA),
            "consumer_key": app.key,
            "consumer_secret": app.secret,
            "username": instance.org.settings.username,
            "private_key_file": str(folder / tls.APP_KEY),
        }
    )


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each small answer waits 40 ms
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise EmulatorError(
            f"port {port} on {_HOST} cannot be used ({error.strerror}); choose another, or 0"
        ) from error
    return listener


@contextlib.contextmanager
def _folder(state: Path | None) -> Iterator[Path]:
    """The state folder, or a private one that is removed at the end."""
    if state is None:
        with tempfile.TemporaryDirectory(prefix="salesforce-emulator-") as name:
            yield Path(name)
        return
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=state):
            pass
    except OSError as error:
        raise EmulatorError(f"state folder {state} cannot be written ({error.strerror})") from error
    yield state.resolve()
