"""`python -m tf_models.launch --workers N -- RECIPE ...`: train with several processes of this machine.

What follows `--` is given to `tf_models.train`, in each of the workers, with `--strategy multi-worker`. Their lines are
printed with the worker's number. On several machines let Slurm or Kubernetes start the workers, see docs/scale.md.
"""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from tf_data.command import Parser, run, say
from tf_data.errors import InputError, Interrupted, TrainingError
from tf_models import train
from tf_models.configs import get
from tf_models.configs.limits import check_divisible

PATIENCE = 20.0  # seconds that the others are given when a worker has died, and that one may stand still
POLL = 0.1  # seconds between two looks at the workers


def parser() -> Parser:
    import argparse

    parser = Parser(
        prog="python -m tf_models.launch",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: as of tf_models.train; 3 also where a worker died",
    )
    parser.add_argument("--workers", type=int, required=True, metavar="N", help="number of processes")
    parser.add_argument("train", nargs=argparse.REMAINDER, metavar="-- RECIPE ...", help="arguments of tf_models.train")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if arguments.workers < 1:
        raise InputError(f"--workers must be at least 1, not {arguments.workers}")
    given = arguments.train[1:] if arguments.train[:1] == ["--"] else arguments.train
    asked = train.parser().parse_args(given)
    if asked.list is not None or asked.show or asked.find_lr:
        raise InputError("--list, --show and --find-lr are for one process; use python -m tf_models.train")
    if asked.strategy != "none":
        raise InputError("the launcher chooses --strategy multi-worker itself; leave --strategy away")
    recipe = get(asked.recipe or train.DEFAULT)
    check_divisible(recipe)
    if not asked.run_dir:  # all must know it, and so must whoever resumes
        from tf_models.training.run_directory import RunDirectory, unused_directory

        asked.run_dir = RunDirectory.newest(recipe.id).path if asked.resume else unused_directory(recipe.id)
        given = [*given, "--run-dir", str(asked.run_dir)]
    again = f"python -m tf_models.launch --workers {arguments.workers} -- --run-dir {shlex.quote(str(asked.run_dir))} --resume"
    Workers(arguments.workers, [*given, "--strategy", "multi-worker"]).wait(f"; to go on: {again}")


class Workers:
    """Processes that train together.

    Args:
        count: Number of processes.
        arguments: Arguments of `tf_models.train` for each.
    """

    def __init__(self, count: int, arguments: Sequence[str]):
        addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
        self.processes, self._readers, self.signals = [], [], 0
        for number in range(count):
            config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
            process = subprocess.Popen(
                [sys.executable, "-u", "-m", "tf_models.train", *arguments],
                env={**os.environ, "TF_CONFIG": json.dumps(config)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # a Ctrl-C reaches the launcher alone, which hands it on once
            )
            say(f"[{number}] process {process.pid}")
            reader = threading.Thread(target=_copy, args=(number, process.stdout), daemon=True)
            reader.start()
            self.processes.append(process)
            self._readers.append(reader)

    def wait(self, go_on: str) -> None:
        """Wait until all have ended; what goes wrong in one ends all.

        Args:
            go_on: End of the message where the run can be resumed.

        Raises:
            Interrupted: The launcher was interrupted, and so the workers.
            InputError: The workers refused their arguments or data.
            TrainingError: A worker failed or died.
        """
        before = {number: signal.signal(number, self._hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            failed = self._watch()
        finally:
            self.kill()
            for number, handler in before.items():
                signal.signal(number, handler)
            for reader in self._readers:
                reader.join(5)
        if self.signals:
            raise Interrupted(f"interrupted{go_on}")
        if failed is not None:
            number, how = failed
            code = self.processes[number].returncode
            if code == InputError.exit_code:
                raise InputError(f"worker {number} refused; see above")
            raise TrainingError(f"worker {number} {how}, so all were ended{go_on}")

    def _watch(self) -> tuple[int, str] | None:
        """Look at the workers until none is left; the first that failed, and how.

        A worker that ends as if interrupted, without a signal of ours, has only lost another: TensorFlow misses its
        heartbeat after ten seconds, before a process that stands still is given up here. It is named where no other
        turns out to be the cause.
        """
        failed, lost, deadline, stood = None, None, None, {}
        while any(process.poll() is None for process in self.processes):
            time.sleep(POLL)
            now = time.monotonic()
            for number, process in enumerate(self.processes):
                code = process.poll()
                if code is None and stands_still(process.pid):
                    still = now - stood.setdefault(number, now) > PATIENCE
                else:
                    stood.pop(number, None)
                    still = False
                if code == Interrupted.exit_code and not self.signals:
                    lost = lost or (number, _ended(code))
                elif failed is None and (code or still):
                    failed = number, _ended(code)
                    deadline = now + (0 if still else PATIENCE)
            if lost and deadline is None and not stood:
                deadline = now + PATIENCE
            if self.signals and deadline is None:
                deadline = now + 3 * PATIENCE  # to the end of the present step, and a checkpoint
            if deadline is not None and now > deadline:
                self.kill()
        return failed or lost

    def _hand_on(self, number, frame) -> None:
        self.signals += 1
        if self.signals > 1:
            self.kill()
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End those that still run."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            process.wait()


def _ended(code: int | None) -> str:
    if code is None:
        return f"stood still for {PATIENCE:g} s"
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def stands_still(pid: int) -> bool:
    """Whether a process has been stopped, as by SIGSTOP; False where the system does not tell."""
    with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"
    return False


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens to."""
    with contextlib.ExitStack() as stack:  # all are held until the last is found, so that no two are equal
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _copy(number: int, lines) -> None:
    with lines:
        for line in lines:
            sys.stdout.write(f"[{number}] {line}")
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run(main))
