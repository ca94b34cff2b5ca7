"""Isolate a process by Linux namespaces, then start the runtime in it.

The argument is the file descriptor of a pipe for one report. Standard input is one line of JSON: `command`,
`environment`, `folder` (the working folder), `is_isolated`, and with it `mounts` (paths inside to folders outside) and
`temporary` (the folder that becomes /tmp). The report is "started", or why the kernel refused to isolate; then nothing
has been started.

Standard input stays open: when its writer closes it or is killed, everything that was started ends too.
In namespaces, this process waits for an init process, the first one of a new process namespace, which waits for the
runtime; when the init process ends, the kernel ends all others, and the mounts end with their namespace. Without
namespaces, this process adopts what the runtime leaves behind, and ends it.

Source: namespaces(7), mount_setattr(2), prctl(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
MS_NOSUID = 2
MS_NODEV = 4
MS_REC = 16384
MS_BIND = 4096
MS_PRIVATE = 1 << 18
PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
CAPABILITIES = 64
"""More than any kernel has; the kernel refuses the rest."""

SYS_MOUNT_SETATTR = 442
AT_FDCWD = -100
AT_RECURSIVE = 0x8000
MOUNT_ATTR_RDONLY = 1

IS_LINUX = sys.platform.startswith("linux")
STARTED = b"started"
libc = ctypes.CDLL(None, use_errno=True)


class MountAttributes(ctypes.Structure):
    """`struct mount_attr` of mount_setattr(2)."""

    _fields_ = [
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    ]


def check(result: int, what: str) -> None:
    """Raise OSError with the name of the failed step."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Attach a file system or a folder at a path.

    Source: mount(2).
    """
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    check(libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]), f"mount {target}")


def make_read_only(target: str, *, value: bool = True, flags: int = 0) -> None:
    """Make a mount read-only, or writable again; with `AT_RECURSIVE`, those below it too."""
    attributes = MountAttributes()
    if value:
        attributes.attr_set = MOUNT_ATTR_RDONLY
    else:
        attributes.attr_clr = MOUNT_ATTR_RDONLY
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    code = libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), flags, ctypes.byref(attributes), size)
    check(code, f"mount_setattr {target}")


def new_namespaces() -> None:
    """Enter new mount, process and IPC namespaces; a new user namespace as well where that is what permits them."""
    user, group = os.geteuid(), os.getegid()
    flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC
    if user == 0 and libc.unshare(flags) == 0:
        return
    check(libc.unshare(flags | CLONE_NEWUSER), "unshare")
    for name, text in (("uid_map", f"{user} {user} 1"), ("setgroups", "deny"), ("gid_map", f"{group} {group} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")


def arrange(spec: dict[str, Any]) -> None:
    """Mount the folders of the function at Lambda's paths, and make everything but /tmp read-only."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    # Opened first: what is mounted may hide where it comes from.
    sources = {target: os.open(source, os.O_PATH) for target, source in spec["mounts"].items()}
    mount(spec["temporary"], "/tmp", None, MS_BIND)  # noqa: S108 - the sandbox's own
    for top in sorted({"/" + target.split("/")[1] for target in sources}):
        inner = [target[len(top) + 1 :] for target in sources if target.startswith(top + "/")]
        if inner:
            mount("tmpfs", top, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
            for name in inner:
                Path(top, name).mkdir(parents=True)
    for target, source in sources.items():
        mount(f"/proc/self/fd/{source}", target, None, MS_BIND)
        os.close(source)
    make_read_only("/", flags=AT_RECURSIVE)
    make_read_only("/tmp", value=False)  # noqa: S108


def drop_privileges() -> None:
    """Give up what would undo the mounts; the user stays the same."""
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def start(spec: dict[str, Any]) -> NoReturn:
    """Become the runtime, or the wrapper script that starts it.

    A wrapper that cannot be started ends as in Lambda, whose bootstrap is a shell script: it runs what has no "#!"
    line itself. Source: /var/runtime/bootstrap of the managed runtimes.
    """
    os.chdir(spec["folder"])
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    command, environment = spec["command"], spec["environment"]
    program = Path(command[0])
    try:
        os.execve(program, command, environment)  # noqa: S606 - there is no shell
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            os.execve("/bin/sh", ["/bin/sh", *command], environment)  # noqa: S606 - as above
        reason, status = error.strerror, 126
        if not program.is_file():
            reason, status = "does not exist", 127
        elif not os.access(program, os.X_OK):
            reason = "is not an executable"
        os.write(2, f"{program}: {reason}\n".encode())
        os._exit(status)


def wait_for(child: int) -> int:
    """Return the exit status of a child as a shell counts it; reap everything else meanwhile."""
    while True:
        ended, status = os.wait()
        if ended == child:
            return exit_status(status)


def exit_status(status: int) -> int:
    """Return the status of a process that ended as a shell counts it."""
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def supervise(child: int) -> int:
    """Return the exit status of a child as a shell counts it; kill it when standard input ends before.

    The kernel's own signal for a parent's death would come when the thread ends that started this process.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    watched = [0, read_end]
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return exit_status(status)
        ready = select.select(watched, [], [])[0]
        if read_end in ready:
            os.read(read_end, 4096)
        if 0 in ready and not os.read(0, 4096):
            watched.remove(0)
            os.kill(child, signal.SIGKILL)


def run_isolated(spec: dict[str, Any], report: int) -> int:
    """Start the runtime in namespaces of its own and return its exit status.

    Raises:
        OSError: The kernel refused to isolate it. Nothing has been started.
    """
    new_namespaces()
    read_end, write_end = os.pipe()
    init = os.fork()
    if init == 0:
        os.close(read_end)
        be_init(spec, write_end, report)
    os.close(write_end)
    answer = os.read(read_end, 4096)
    if answer != STARTED:
        os.waitpid(init, 0)
        raise OSError(0, answer.decode(errors="replace") or "the new namespace ended")
    os.write(report, STARTED)
    os.close(report)
    return supervise(init)


def be_init(spec: dict[str, Any], answer: int, report: int) -> NoReturn:
    """Arrange the mounts, start the runtime and reap processes; the process namespace ends with this process."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.close(report)
    try:
        arrange(spec)
        with contextlib.suppress(OSError):
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    except OSError as error:
        os.write(answer, str(error).encode())
        os._exit(1)
    os.write(answer, STARTED)
    os.close(answer)
    drop_privileges()
    runtime = os.fork()
    if runtime == 0:
        start(spec)
    os._exit(wait_for(runtime))


def run_by_paths(spec: dict[str, Any], report: int) -> int:
    """Start the runtime without namespaces, end what it leaves behind, and return its exit status."""
    if IS_LINUX:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    runtime = os.fork()
    if runtime == 0:
        os.close(report)
        start(spec)
    os.write(report, STARTED)
    os.close(report)
    status = supervise(runtime)
    end_children()
    return status


def end_children() -> None:
    """End all processes that are left, the children of those that have ended included."""
    with contextlib.suppress(OSError):
        while True:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
            if not children:
                return
            for child in children:
                os.kill(int(child), signal.SIGKILL)
            os.wait()


def main() -> None:
    """Run what standard input describes."""
    report = int(sys.argv[1])
    spec = json.loads(sys.stdin.buffer.readline())
    if not spec["is_isolated"]:
        sys.exit(run_by_paths(spec, report))
    try:
        sys.exit(run_isolated(spec, report))
    except OSError as error:
        os.write(report, str(error).encode())


if __name__ == "__main__":
    main()
