"""Keep a group of child processes alive: start them in order, restart the lost, stop all softly, leave none behind."""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from jobs.logging import logger

_PR_SET_PDEATHSIG = 1
_MAX_LINE_BYTES = 65_536
_QUIET_S = 1.0
_libc = ctypes.CDLL(None, use_errno=True)
_log = logger(__name__)


@dataclass(frozen=True)
class Child:
    """One process to keep: its command line and its whole environment."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    """Says whether it serves by now; asked often, so it answers within a second. None: as soon as it is started."""
    stop_s: float = 10.0
    """How long it may take from SIGTERM to its end; then its whole process group is killed."""
    inherited_fds: tuple[int, ...] = ()
    log_file: Path | None = None
    """Where it tells what it does not write to its output."""
    gives_up: frozenset[int] = frozenset()
    """Exit statuses that say, before it was ever ready, that another try would end the same way."""


@dataclass(frozen=True)
class Times:
    """How patient a supervisor is, in seconds."""

    ready_s: float = 60.0
    first_restart_s: float = 0.2
    max_restart_s: float = 10.0
    steady_s: float = 30.0
    """A child that ran this long, and was ready once, is restarted as promptly as at its first loss."""
    poll_s: float = 0.05
    """Between two looks at whether a child is ready, gone, or due."""

    def restart_s(self, num_losses: int) -> float:
        """How long to wait before a restart, after so many losses in a row before this one."""
        return min(self.first_restart_s * 2.0 ** min(num_losses, 30), self.max_restart_s)


MAX_START_ATTEMPTS = 3
"""A child that ends so often before it was ever ready is not a lost child, but one that cannot start."""


class ChildNeverReady(Exception):
    """A child ended again and again, or took too long, before it was ready for the first time."""


def spawn(child: Child, output: int = subprocess.PIPE) -> "subprocess.Popen[bytes]":
    """Start a process in its own group that gets SIGTERM when this one dies.

    Args:
        output: a file descriptor for what it writes; else it is in one pipe, to be read as it comes.

    Raises:
        RuntimeError: not in the main thread; the parent-death signal fires when the thread that spawned ends.
        OSError: the program cannot be started.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(f"{child.name} must be started from the main thread")
    parent = os.getpid()

    def die_with_parent() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a stop between here and exec must not be swallowed
        if sys.platform == "linux":
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        child.argv,
        env=dict(child.env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
        pass_fds=child.inherited_fds,
        preexec_fn=die_with_parent,  # safe, because the supervisor has one thread
    )


def has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Whether it has ended; then what is left of its process group is killed too, and its exit status is taken."""
    if process.returncode is not None:
        return True
    ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if ended is None:
        return False
    kill_group(process)  # before the leader is reaped, so that the number is still this group's
    process.wait()
    return True


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """End every process of a group whose leader is not reaped yet."""
    with suppress(PermissionError):  # what macOS says of a group in which only the dead leader is left
        os.killpg(process.pid, signal.SIGKILL)


class Supervisor:
    """Runs tiers of children: each tier starts when the one before it is ready, and stops before it does.

    Children of one tier start and stop together. Everything happens in the caller's thread, the main thread.
    """

    def __init__(
        self, tiers: Sequence[Sequence[Child]], times: Times | None = None, output: BinaryIO | None = None
    ) -> None:
        """Args: tiers: in order of need. output: where the children's lines go, each after its child's name."""
        self._times = times or Times()
        self._output = output or sys.stderr.buffer
        self._tiers = [[_Post(child, self._times, self._output) for child in tier] for tier in tiers]
        self._is_stopping = False
        self._is_over: Callable[[], bool] = lambda: False

    def run(
        self,
        on_ready: Callable[[], None] = lambda: None,
        is_over: Callable[[], bool] = lambda: False,
        on_stop: Callable[[], None] = lambda: None,
    ) -> int:
        """Keep the children until SIGINT or SIGTERM, then stop them in reverse order.

        Args:
            on_ready: called once, when every tier is ready.
            is_over: asked about once a second; true is a stop that was asked for.
            on_stop: called once, before the first child is asked to end.

        Returns:
            The exit status: 0 after a stop that was asked for, 1 when a child could not be started.
        """
        self._is_over = is_over
        with self._woken() as selector:
            try:
                for tier in self._tiers:
                    self._bring_up(tier, selector)
                if not self._is_stopping:
                    on_ready()
                while not self._is_stopping:
                    self._tend(selector)
            except ChildNeverReady as error:
                _log.error("child_never_ready", problem=str(error))
                return 1
            finally:
                on_stop()
                for tier in reversed(self._tiers):
                    self._take_down(tier, selector)
        return 0

    def _bring_up(self, tier: "list[_Post]", selector: selectors.BaseSelector) -> None:
        deadline_s = time.monotonic() + self._times.ready_s
        for post in tier:
            post.is_wanted = True
        while not self._is_stopping and any(not post.was_ready for post in tier):
            self._tend(selector)
            for post in tier:
                post.check_start(deadline_s)

    def _take_down(self, tier: "list[_Post]", selector: selectors.BaseSelector) -> None:
        for post in tier:
            post.stop()
        while any(post.is_filled for post in tier):
            self._tend(selector)  # the earlier tiers are still needed, and kept

    def _tend(self, selector: selectors.BaseSelector) -> None:
        """Look after every child, then pass on what they write until something may have changed."""
        posts = [post for tier in self._tiers for post in tier]
        for post in posts:
            post.tend(selector)
        self._is_stopping = self._is_stopping or self._is_over()
        is_quiet = not self._is_stopping and all(post.was_ready and post.is_filled for post in posts)
        for key, _ in selector.select(_QUIET_S if is_quiet else self._times.poll_s):  # a signal ends it too
            if isinstance(key.data, _Post):
                key.data.read(selector)
            else:
                os.read(key.fd, 512)

    @contextmanager
    def _woken(self) -> Iterator[selectors.BaseSelector]:
        """Let SIGINT and SIGTERM ask for the stop, and these and SIGCHLD end a wait."""
        woken_fd, waking_fd = os.pipe()
        os.set_blocking(waking_fd, False)

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            self._is_stopping = True

        handlers = {signal.SIGINT: ask_to_stop, signal.SIGTERM: ask_to_stop, signal.SIGCHLD: lambda number, frame: None}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        waking_before = signal.set_wakeup_fd(waking_fd, warn_on_full_buffer=False)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(woken_fd, selectors.EVENT_READ)
                yield selector
        finally:
            signal.set_wakeup_fd(waking_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(woken_fd)
            os.close(waking_fd)


class _Post:
    """One child's place: the process that holds it now, when it is to be filled again, what it has written so far."""

    def __init__(self, child: Child, times: Times, output: BinaryIO) -> None:
        self._child = child
        self._times = times
        self._output = output
        self._prefix = f"{child.name} | ".encode()
        self._process: subprocess.Popen[bytes] | None = None
        self._unfinished_line = b""
        self._num_losses = 0  # in a row
        self._started_at_s = self._restart_at_s = self._asked_at_s = 0.0
        self._killed_at_s = float("inf")
        self._has_given_up = False
        self.is_wanted = False
        self.was_ready = False

    @property
    def is_filled(self) -> bool:
        """Whether a process holds it."""
        return self._process is not None

    def tend(self, selector: selectors.BaseSelector) -> None:
        """Start it if it is due, see whether it is ready, note its end, kill it when its time is over."""
        now_s = time.monotonic()
        if self._process is None:
            if self.is_wanted and now_s >= self._restart_at_s and not self._has_given_up:
                self._start(selector, now_s)
        elif has_ended(self._process):
            self._note_end(now_s)
            self._leave(selector)
        elif now_s >= self._killed_at_s:
            _log.warning("child_killed", child=self._child.name, stop_s=self._child.stop_s)
            kill_group(self._process)
        elif not self.was_ready and now_s >= self._asked_at_s + self._times.poll_s:
            self._asked_at_s = now_s
            self.was_ready = self._child.ready is None or self._child.ready()

    def check_start(self, deadline_s: float) -> None:
        """Raises: ChildNeverReady: it cannot start."""
        if self.was_ready:
            return
        name, see = self._child.name, f"; see {self._child.log_file}" if self._child.log_file else ""
        if self._has_given_up:
            raise ChildNeverReady(f"{name} gave up before it was ready; its last lines say why")
        if self._num_losses >= MAX_START_ATTEMPTS:
            raise ChildNeverReady(f"{name} ended {self._num_losses} times before it was ready{see}")
        if time.monotonic() > deadline_s:
            raise ChildNeverReady(f"{name} was not ready within {self._times.ready_s:g} s{see}")

    def stop(self) -> None:
        """Ask it to end, in its time."""
        self.is_wanted = False
        self._killed_at_s = time.monotonic() + self._child.stop_s
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGTERM)  # Popen's own would reap it, and lose its group

    def read(self, selector: selectors.BaseSelector) -> None:
        """Pass on the lines that it has finished."""
        assert self._process is not None
        assert self._process.stdout is not None
        written = os.read(self._process.stdout.fileno(), _MAX_LINE_BYTES)
        if not written:
            selector.unregister(self._process.stdout)
        *lines, self._unfinished_line = (self._unfinished_line + written).split(b"\n")
        if len(self._unfinished_line) > _MAX_LINE_BYTES:
            lines.append(self._unfinished_line)
            self._unfinished_line = b""
        self._write(lines)

    def _start(self, selector: selectors.BaseSelector, now_s: float) -> None:
        self._started_at_s = now_s
        try:
            self._process = spawn(self._child)
        except OSError as error:
            self._note_loss(now_s, str(error))
            return
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        selector.register(self._process.stdout, selectors.EVENT_READ, self)
        _log.info("child_started", child=self._child.name, pid=self._process.pid)

    def _note_end(self, now_s: float) -> None:
        assert self._process is not None
        if self.is_wanted:
            self._has_given_up = not self.was_ready and self._process.returncode in self._child.gives_up
            self._note_loss(now_s, f"status {self._process.returncode}")
        else:
            _log.info("child_stopped", child=self._child.name, status=self._process.returncode)

    def _note_loss(self, now_s: float, why: str) -> None:
        if self.was_ready and now_s - self._started_at_s >= self._times.steady_s:  # loading slowly is not serving
            self._num_losses = 0
        wait_s = self._times.restart_s(self._num_losses)
        self._num_losses += 1
        self._restart_at_s = now_s + wait_s
        _log.warning("child_lost", child=self._child.name, why=why, losses=self._num_losses, restart_in_s=wait_s)

    def _leave(self, selector: selectors.BaseSelector) -> None:
        """Pass on its last words; its whole group is dead, so the pipe has an end unless a stranger holds it."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            while self._process.stdout in selector.get_map():
                self.read(selector)
        except BlockingIOError:
            selector.unregister(self._process.stdout)
        if self._unfinished_line:
            self._write([self._unfinished_line])
            self._unfinished_line = b""
        self._process.stdout.close()
        self._process = None

    def _write(self, lines: list[bytes]) -> None:
        rest = memoryview(b"".join(self._prefix + line + b"\n" for line in lines))
        while rest:  # an unbuffered stream, as under PYTHONUNBUFFERED, may take a part only
            rest = rest[self._output.write(rest) or 0 :]
        self._output.flush()
