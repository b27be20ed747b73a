# SPDX-License-Identifier: Apache-2.0
"""A control group with a limit of memory and processes, as a container has: version 2 or 1, whichever
this machine lets us make one of."""

import contextlib
import os
import pathlib

ROOT = pathlib.Path("/sys/fs/cgroup")


class Group:
    """`wrapper` is what a command begins with to be run in it; None: none can be made here."""

    def __init__(self, memory_bytes, processes):
        self._directories = []
        name = f"weir-bench-{os.getpid()}"
        if (ROOT / "cgroup.controllers").exists():
            plans = [(ROOT / name, {"memory.max": memory_bytes, "memory.swap.max": 0, "pids.max": processes})]
        else:
            plans = [(ROOT / "memory" / name, {"memory.limit_in_bytes": memory_bytes}),
                     (ROOT / "pids" / name, {"pids.max": processes})]
        try:
            for directory, limits in plans:
                directory.mkdir()
                self._directories.append(directory)
                for file, value in limits.items():
                    (directory / file).write_text(str(value))
        except OSError as error:
            self.close()
            self.why_not = f"{error.strerror}: {error.filename}"
            self.wrapper = None
            return
        enter = "".join(f"echo $$ >{directory}/cgroup.procs; " for directory in self._directories)
        self.wrapper = ("sh", "-c", enter + 'exec "$@"', "sh")

    def kills(self):
        """How often the kernel ended a process of it for want of memory."""
        for directory in self._directories:
            for file in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(FileNotFoundError):
                    fields = dict(line.split() for line in (directory / file).read_text().splitlines())
                    return int(fields["oom_kill"])
        return 0

    def close(self):
        for directory in self._directories:
            with contextlib.suppress(OSError):
                directory.rmdir()
        self._directories = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
