"""Names of the modules of the standard library, by language version.

Source: `sys.stdlib_module_names` of CPython 3.10 to 3.13 (run); the what's-new pages of 3.14 and 3.15 for
what they add. Names that begin with an underscore are private to it, and not listed.
"""

from __future__ import annotations

from functools import cache
from typing import Final

_ALWAYS: Final = """
    abc antigravity argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 cProfile calendar
    cmath cmd code codecs codeop collections colorsys compileall concurrent configparser contextlib contextvars copy
    copyreg csv ctypes curses dataclasses datetime dbm decimal difflib dis doctest email encodings ensurepip enum
    errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass
    gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib importlib inspect io ipaddress
    itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap modulefinder msvcrt
    multiprocessing netrc nt ntpath nturl2path numbers opcode operator optparse os pathlib pdb pickle pickletools
    pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc
    pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select
    selectors shelve shlex shutil signal site smtplib socket socketserver sqlite3 sre_compile sre_constants
    sre_parse ssl stat statistics string stringprep struct subprocess symtable sys sysconfig syslog tabnanny tarfile
    tempfile termios textwrap this threading time timeit tkinter token tokenize trace traceback tracemalloc tty
    turtle turtledemo types typing unicodedata unittest urllib uuid venv warnings wave weakref webbrowser winreg
    winsound wsgiref xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
"""

_ADDED: Final = {"tomllib": 11, "annotationlib": 14, "compression": 14, "profiling": 15}
_REMOVED: Final = {
    "formatter": 10, "parser": 10, "symbol": 10, "binhex": 11, "asynchat": 12, "asyncore": 12, "distutils": 12,
    "imp": 12, "smtpd": 12, "aifc": 13, "audioop": 13, "cgi": 13, "cgitb": 13, "chunk": 13, "crypt": 13, "imghdr": 13,
    "lib2to3": 13, "mailcap": 13, "msilib": 13, "nis": 13, "nntplib": 13, "ossaudiodev": 13, "pipes": 13, "sndhdr": 13,
    "spwd": 13, "sunau": 13, "telnetlib": 13, "uu": 13, "xdrlib": 13,
}  # fmt: skip


@cache
def standard_library(python: str) -> frozenset[str]:
    """Return the top-level names of the standard library of a Python 3 version, such as "3.13"."""
    minor = int(python.partition(".")[2])
    added = {name for name, since in _ADDED.items() if minor >= since}
    not_removed = {name for name, until in _REMOVED.items() if minor < until}
    return frozenset(_ALWAYS.split()) | added | not_removed
