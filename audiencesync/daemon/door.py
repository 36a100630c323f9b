"""Where other processes ask the daemon: a thread a question, and the work itself one by one in the loop."""

import json
import os
import socketserver
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal

from audiencesync.audit.questions import Question
from audiencesync.daemon import place
from audiencesync.daemon.asking import read, written
from audiencesync.daemon.holding import Holding
from audiencesync.daemon.loop import Loop
from audiencesync.reports import trouble_of
from audiencesync.stages import RunOptions

if TYPE_CHECKING:
    from queue import SimpleQueue

    from audiencesync.reports import RunReport

_FETCHED_WITHIN_S = 300
_LONGEST_QUESTION = 1 << 20
Kind = Literal["run", "plan"]
_WORK: Mapping[str, Kind] = {"run": "run", "plan": "plan"}


@dataclass(frozen=True, slots=True)
class Work:
    """A run or a plan that somebody wants, and where its report goes."""

    kind: Kind
    options: RunOptions
    report: "Future[RunReport]" = field(default_factory=Future)


class Stopping(Exception):
    """The daemon ends before it could do what was asked."""


class Door:
    """The socket, listening in threads of its own."""

    def __init__(
        self,
        store: Path,
        loop: Loop,
        holding: Holding,
        questions: Mapping[str, Question],
        wanted: "SimpleQueue[Any]",
    ) -> None:
        self._store = store
        where = place.to_listen(store)
        before = os.umask(0o177)  # there is no moment in which others may connect
        try:
            self._server = _Server(str(where), _Answering)
        finally:
            os.umask(before)
        self._server.ask = _Ask(loop, holding, questions, wanted)
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def close(self) -> None:
        """Take no more questions."""
        self._server.shutdown()
        self._server.server_close()
        place.forget(self._store)


@dataclass(frozen=True, slots=True)
class _Ask:
    loop: Loop
    holding: Holding
    questions: Mapping[str, Question]
    wanted: "SimpleQueue[Any]"

    def work(self, kind: Kind, options: object) -> Any:  # noqa: ANN401  (JSON)
        work = Work(kind, read(RunOptions, options))
        self.wanted.put(work)
        return written(work.report.result())


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32
    ask: _Ask


class _Answering(socketserver.StreamRequestHandler):
    """One asker: a greeting, a question, an answer."""

    server: _Server

    def handle(self) -> None:
        """Answer; whoever hung up meanwhile is not missed."""
        try:
            self._say({"pid": os.getpid()})
            asked = self.rfile.readline(_LONGEST_QUESTION)
            if asked:
                self._answer(json.loads(asked))
        except (OSError, ValueError):  # it hung up, or is none of ours
            return

    def _answer(self, asked: Any) -> None:  # noqa: ANN401  (JSON of whatever shape)
        ask = self.server.ask
        try:
            name, more = str(asked["ask"]), dict(asked["with"])
            if name in _WORK:
                self._say({"answer": ask.work(_WORK[name], more["options"])})
            elif name in ask.questions:
                self._look(ask, ask.questions[name], more)
            else:
                self._refuse(
                    "UsageError", f"this daemon does not know {name!r}", "restart it after an upgrade", 2
                )
        except (BrokenPipeError, ConnectionError):
            return
        except Stopping:
            self._refuse("Interrupted", "the daemon ends; state is kept", "run the same command again", 143)
        except Exception as error:  # noqa: BLE001  (the asker is told, the daemon goes on)
            trouble = trouble_of(error)
            self._refuse(trouble.kind, trouble.message, trouble.hint, trouble.exit_code)

    def _look(self, ask: _Ask, question: Question, more: dict[str, Any]) -> None:
        with ExitStack() as until_hung_up:
            with ask.holding.looking() as store:
                if "path" in more:
                    folder = until_hung_up.enter_context(store.scratch())
                    more["path"] = str(folder / "report")
                answer = question(store, ask.loop.project, more)
            self._say({"answer": answer})
            if "path" in more:
                self.connection.settimeout(_FETCHED_WITHIN_S)
                self.rfile.read()  # the asker copies the file and hangs up

    def _say(self, document: object) -> None:
        self.wfile.write(json.dumps(document, ensure_ascii=False, default=str).encode() + b"\n")

    def _refuse(self, kind: str, message: str, hint: str, exit_code: int) -> None:
        error = {"kind": kind, "message": message, "hint": hint, "exit_code": exit_code}
        self._say({"error": error})
