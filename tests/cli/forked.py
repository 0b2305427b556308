"""Processes of the command that do not wait for torch: a server has imported it and forks for every run.

What such a process does with streams, signals and exit codes is what any other does; only what happens while Python
starts, such as a closed stdout or the encoding of the streams, is for a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import IO, Any, NoReturn

from tests.commands import environment

START = f"import sys; sys.path[:0] = {sys.path!r}; from tests.cli.forked import serve; serve(int(sys.argv[1]))"


class Server:
    """The process that forks; one run at a time."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        command = [sys.executable, "-c", START, str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment())
        theirs.close()

    def close(self) -> None:
        self.socket.close()
        self.process.wait(timeout=60)

    def start(self, arguments: Sequence[str], streams: Sequence[int], env: dict[str, str]) -> int:
        """The process id of a run in the current folder, with these descriptors as stdout and stderr."""
        request = json.dumps({"arguments": arguments, "cwd": os.getcwd(), "env": env}).encode()  # noqa: PTH109
        socket.send_fds(self.socket, [request], list(streams))
        return int(self.answer(60))

    def answer(self, timeout: float) -> bytes:
        self.socket.settimeout(timeout)
        return self.socket.recv(64)


class Forked:
    """A run, as far as the tests need it like :class:`subprocess.Popen`; streams that are not given are collected."""

    def __init__(self, server: Server, arguments: Sequence[str], stdout: Any, stderr: Any, env: dict[str, str]) -> None:
        self.server = server
        self.returncode: int | None = None
        self.files: list[IO[bytes] | None] = [tempfile.TemporaryFile() if s is None else None for s in (stdout, stderr)]  # noqa: SIM115
        given = [file or stream for file, stream in zip(self.files, (stdout, stderr), strict=True)]
        streams = [stream if isinstance(stream, int) else stream.fileno() for stream in given]
        self.pid = server.start(arguments, streams, environment(**env))

    def poll(self) -> int | None:
        try:
            return self.wait(timeout=0.001)
        except TimeoutError:
            return None

    def wait(self, timeout: float) -> int:
        if self.returncode is None:
            self.returncode = int(self.server.answer(timeout))
        return self.returncode

    def communicate(self, timeout: float) -> tuple[str, str]:
        self.wait(timeout)
        texts = []
        for file in self.files:
            if file is not None:
                file.seek(0)
            texts.append("" if file is None else file.read().decode())
        return texts[0], texts[1]

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)


def serve(descriptor: int) -> None:
    """In the server: fork for every request, tell the process id and then the exit code."""
    import torch  # noqa: F401 - what all runs wait for

    import yolo_assign_trace.run.runner  # noqa: F401

    connection = socket.socket(fileno=descriptor)
    while True:
        message, streams, _, _ = socket.recv_fds(connection, 1 << 16, 2)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            connection.close()
            run(json.loads(message), streams)
        for stream in streams:
            os.close(stream)
        connection.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def run(request: dict[str, Any], streams: Sequence[int]) -> NoReturn:
    """In the child: streams, folder, variables and signals as if Python had just started, then the command."""
    code = 120  # Python's own for streams that cannot be flushed
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell in the background ignores Ctrl-C
    try:
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        for number, stream in enumerate(streams, 1):
            os.dup2(stream, number)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        sys.argv = ["yolo-assign", *request["arguments"]]
        from yolo_assign_trace.cli.main import main

        try:
            main()
        except SystemExit as end:
            sys.stdout.flush()
            code = int(end.code or 0)
    finally:
        os._exit(code)
