"""How the embedded PostgreSQL is set up: the same everywhere, but for the memory it may take."""

import os
from contextlib import suppress
from pathlib import Path

#: Durability (fsync, synchronous_commit, full_page_writes) is left at its safe defaults. JIT costs
#: our short queries more than it gives.
#: Log messages of level ERROR quote values that people typed, so only LOG and worse is written.
_FIXED = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_statement": "none",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

#: The server gets no variable of ours: neither secrets nor a PGPORT meant for another database.
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def server_settings() -> dict[str, str]:
    """Return every setting that is not PostgreSQL's default, by name."""
    return _FIXED | _memory_settings()


def _memory_settings() -> dict[str, str]:
    """Return the server's cache: an eighth of the memory, 128 MB to 4 GB, touched only when used.

    Recall reads a few thousand rows a question; copying them from the kernel's cache each time
    costs as much as all the rest.
    """
    megabytes = _memory_bytes() // 2**20
    return {
        "shared_buffers": f"{min(max(megabytes // 8, 128), 4096)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 256)}MB",
    }


def _memory_bytes() -> int:
    """The memory of this machine, or of the control group that bounds this process."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            memory = min(memory, int(Path("/sys/fs/cgroup", name).read_text()))
    return memory
