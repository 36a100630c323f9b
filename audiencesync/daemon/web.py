"""The HTTP side, in a thread of its own: page, health checks and metrics. Nothing personal is said."""

import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Thread

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from audiencesync.clock import Clock
from audiencesync.config.load import Project
from audiencesync.daemon.holding import Holding
from audiencesync.daemon.loop import BEAT_S, Loop
from audiencesync.daemon.metrics import Metrics
from audiencesync.daemon.page import Page
from audiencesync.errors import ConfigError, StoreError

_DEAD_AFTER = timedelta(seconds=3 * BEAT_S)
_NOT_FOUND = 404
_PLAIN = "text/plain; version=0.0.4; charset=utf-8"


class Web:
    """The server, listening until it is closed.

    Attributes:
        port: Where it listens.
    """

    def __init__(
        self, listener: socket.socket, routes: Sequence[Route], *, astray: Callable[[str, int], None]
    ) -> None:
        """Begin to answer.

        Args:
            listener: The port.
            routes: What is answered, by path.
            astray: Told the path and the status, where a path or its method is not there.
        """
        self.port: int = listener.getsockname()[1]

        def gone_astray(request: Request, error: Exception) -> Response:
            assert isinstance(error, HTTPException)  # noqa: S101  (it is called for no other)
            astray(request.scope["path"], error.status_code)
            return _no_such(error)

        app = Starlette(routes=routes, exception_handlers={HTTPException: gone_astray})
        app.router.redirect_slashes = False
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more requests."""
        self._server.should_exit = True
        self._thread.join(5)


def listen(project: Project) -> socket.socket | None:
    """The port that the config wants, taken before anything else begins; None when it wants none.

    Raises:
        ConfigError: It cannot be had.
    """
    wanted = project.config.daemon
    if wanted.port is None:
        return None
    try:
        family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
        return socket.create_server((wanted.host, wanted.port), family=family)
    except OSError as error:
        place = project.place(("daemon", "port"))
        raise ConfigError(
            f"{place}: {wanted.host}:{wanted.port} cannot be had: {error.strerror}",
            hint="stop who has it, or choose another daemon.port (0 for a free one, null for none)",
        ) from None


def routes(loop: Loop, holding: Holding, metrics: Metrics, page: Page, clock: Clock) -> list[Route]:
    """What is answered, by path."""

    def home(_: Request) -> Response:
        try:
            return HTMLResponse(page.html(), headers=page.headers)
        except StoreError as error:
            return Response(f"{error}\n{error.hint}\n", 503, media_type="text/plain")

    def alive() -> bool:
        return loop.busy or clock.now() - loop.turned_at < _DEAD_AFTER

    def healthz(_: Request) -> Response:
        return _verdict(well=alive())

    def readyz(_: Request) -> Response:
        return _verdict(well=alive() and holding.is_open and holding.has_room)

    def numbers(_: Request) -> Response:
        return Response(metrics.page(), media_type=_PLAIN)

    return [
        Route("/", home),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", numbers),
    ]


def _no_such(error: HTTPException) -> Response:
    """A path or a method that is not there, as the intake writes errors."""
    body = {
        "error": {"field": "path" if error.status_code == _NOT_FOUND else "method", "message": error.detail}
    }
    return JSONResponse(body, error.status_code, error.headers)


def _verdict(*, well: bool) -> Response:
    return JSONResponse({"status": "ok" if well else "unavailable"}, 200 if well else 503)
