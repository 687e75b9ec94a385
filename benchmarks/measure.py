"""Measures one piece of work in a process of its own: the order is JSON on standard input, what came of it on output.

Everything is imported before the clock starts. Peak memory is that of the process from its beginning.
"""

import cProfile
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Order = dict[str, Any]


def serve(work: Callable[[Order], dict[str, Any]]) -> None:
    """Carry out the one order of this process."""
    print(json.dumps(work(json.load(sys.stdin))))


def measured(work: Callable[[], int], profile: str | None = None) -> dict[str, Any]:
    """Seconds, CPU seconds and peak memory of work that answers how many lines it dealt with."""
    profiler = cProfile.Profile() if profile else None
    began, cpu = time.perf_counter(), time.process_time()
    lines = profiler.runcall(work) if profiler else work()
    found = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}
    if profiler:
        profiler.dump_stats(str(profile))
    return {**found, "lines": lines, "peak_mb": peak_memory()}


def peak_memory() -> float:
    """Most megabytes this process ever held; the kernel's older number would count the parent's as well."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
