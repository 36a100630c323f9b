"""The process: it waits for times, changes, questions and signals, and ends when it is told to."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from queue import Empty
from types import FrameType

from audiencesync.audit.questions import questions
from audiencesync.clock import Clock
from audiencesync.config.load import Project, load
from audiencesync.daemon.alerts import Alerts
from audiencesync.daemon.asking import reached
from audiencesync.daemon.door import Door, Stopping, Work
from audiencesync.daemon.holding import Holding
from audiencesync.daemon.intake import Intake
from audiencesync.daemon.intake_paths import count_astray, intake_routes
from audiencesync.daemon.log import Log
from audiencesync.daemon.loop import Loop
from audiencesync.daemon.metrics import Metrics
from audiencesync.daemon.page import Page
from audiencesync.daemon.web import Web, listen, routes
from audiencesync.daemon.words import Wanted, Word
from audiencesync.errors import AudienceSyncError, ConfigError, StoreError
from audiencesync.progress import Progress
from audiencesync.store import StoreHeld


def serve(project: Project, *, clock: Clock, progress: Progress, cure: Callable[[str], str]) -> None:
    """Keep the syncs in step until SIGTERM or SIGINT.

    Args:
        project: The config.
        clock: Decides what is due, and dates what is recorded.
        progress: Shown what runs do.
        cure: Error code -> what a person does about it.

    Raises:
        StoreError: Another process holds the store, or it is none.
        ConfigError: The config asks for what cannot be.
    """
    log, wanted = Log(), Wanted()
    holding = _hold(project)
    try:
        loop = Loop(project, holding, clock=clock, progress=progress, waiting=wanted.asked)
        loop.listeners.append(log)
        with closing(loop), _open_doors(loop, holding, wanted, clock=clock, cure=cure, log=log) as open_doors:
            port, intake = open_doors
            _tell_start(project, port, log)
            _work(loop, wanted, log, intake)
    finally:
        holding.close()
    log.say("daemon_stopped")


@contextmanager
def _open_doors(
    loop: Loop, holding: Holding, wanted: Wanted, *, clock: Clock, cure: Callable[[str], str], log: Log
) -> Iterator[tuple[int | None, Intake | None]]:
    """Be there for other processes and, if it is wanted, for HTTP: the port, and what takes changes in."""
    with ExitStack() as stack:
        listener = listen(loop.project)
        stack.callback(_send_away, wanted)
        if loop.project.config.daemon.alerts:
            alerts = Alerts(loop.project, log)
            stack.callback(alerts.close)
            loop.listeners.append(alerts)
        door = Door(loop.project.store_path, loop, holding, questions(cure), wanted)
        stack.callback(door.close)
        port, intake = None, None
        if listener is not None:
            metrics = Metrics(loop, holding, clock)
            loop.listeners.append(metrics)
            page = Page(loop, holding, clock, cure)
            paths = routes(loop, holding, metrics, page, clock)
            intake = _take_in(loop, holding, wanted, clock=clock, log=log)
            if intake is not None:
                stack.callback(intake.close)
                paths += intake_routes(intake, metrics, log)
            web = Web(listener, paths, astray=count_astray(metrics))
            stack.callback(web.close)
            port = web.port
        yield port, intake


def _take_in(loop: Loop, holding: Holding, wanted: Wanted, *, clock: Clock, log: Log) -> Intake | None:
    config = loop.project.config.daemon.intake
    if config is None:
        return None
    return Intake(
        config,
        loop,
        holding,
        clock=clock,
        wake=lambda: wanted.ring(Word.PUSHED),
        log=log,
    )


def _hold(project: Project) -> Holding:
    try:
        return Holding(project.store_path, project.base, project.store_settings)
    except StoreHeld as held:
        with reached(project.store_path) as daemon:
            if daemon is None:
                raise
        raise StoreError(
            f"the store {project.store_path} has a daemon already: {held.holder}",
            hint="one daemon a store; `audiencesync status` asks it, SIGHUP makes it read its config again",
        ) from held


def _tell_start(project: Project, port: int | None, log: Log) -> None:
    page = {} if port is None else {"page": f"http://{project.config.daemon.host}:{port}/"}
    syncs = project.config.syncs
    log.say("daemon_started", pid=os.getpid(), config=str(project.path), syncs=len(syncs), **page)
    for one in syncs:
        pushed = one.push and project.config.daemon.intake is not None
        if not (one.every or one.cron or one.watch or pushed):
            log.say("only_on_demand", sync=one.name, hint="give it `every`, `cron` or `watch`")


def _work(loop: Loop, wanted: Wanted, log: Log, intake: Intake | None) -> None:
    """Turn until the word is to stop; what waits by then is begun no more."""
    with _signals(loop, wanted):
        while not loop.stopping:
            try:
                if intake is not None:
                    intake.learn_if_needed()
                word = wanted.get(timeout=loop.turn())
                if isinstance(word, Work):
                    _do(loop, word)
                else:
                    wanted.heard(word)
                if word is Word.RELOAD:
                    reload(loop, log)
                    if intake is not None:
                        intake.learn()
            except Empty:
                continue
            except KeyboardInterrupt:
                log.say("work_parked", hint="the next start settles what was in flight")
                return


def _do(loop: Loop, work: Work) -> None:
    """What somebody asked for; what comes of it is his to know."""
    try:
        report = loop.run_asked(work.options) if work.kind == "run" else loop.plan_asked(work.options)
    except Exception as error:  # noqa: BLE001  (it is told to the asker, and noted by the loop)
        work.report.set_exception(error)
    except BaseException:
        work.report.set_exception(Stopping())
        raise
    else:
        work.report.set_result(report)


def _send_away(wanted: Wanted) -> None:
    """Tell those who still wait."""
    while not wanted.empty():
        word = wanted.get()
        if isinstance(word, Work):
            word.report.set_exception(Stopping())


def reload(loop: Loop, log: Log) -> None:
    """Read the config again; a bad one changes nothing, a good one all but `daemon` and `store`."""
    before = loop.project
    kept = {"daemon": before.config.daemon, "store": before.config.store}
    try:
        project = load(before.path)
        _check_store(project, before)
        with loop.at_work():
            loop.take(replace(project, config=project.config.model_copy(update=kept)))
    except AudienceSyncError as error:
        log.warn("config_refused", message=str(error), hint=error.hint, still="the config before is in force")
        return
    log.say("config_read", syncs=len(project.config.syncs))
    if project.config != loop.project.config:
        log.say("config_in_part", hint="`daemon` and `store` are taken at the next start")


def _check_store(project: Project, before: Project) -> None:
    if project.store_path != before.store_path:
        raise ConfigError(
            f"{project.place(('store',))} is another than the daemon holds", hint="restart the daemon"
        )


@contextmanager
def _signals(loop: Loop, wanted: Wanted) -> Iterator[None]:
    """SIGTERM and SIGINT ask to stop, SIGHUP to read the config again.

    A run or plan in flight goes on for as long as `daemon.stop_within` says and is then unwound: what is
    begun stays recorded, and the next start settles it.
    """

    def stop(_: int, __: FrameType | None) -> None:
        loop.stopping = True
        wanted.put(Word.STOP)
        signal.setitimer(signal.ITIMER_REAL, loop.project.config.daemon.stop_within.total_seconds())

    def park(_: int, __: FrameType | None) -> None:
        if loop.busy:
            raise KeyboardInterrupt

    def reload(_: int, __: FrameType | None) -> None:
        wanted.put(Word.RELOAD)

    handlers = {
        signal.SIGTERM: stop,
        signal.SIGINT: stop,
        signal.SIGALRM: park,
        signal.SIGHUP: reload,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
