"""Distributions whose native modules are optional."""

from __future__ import annotations

from typing import Final

OPTIONAL_EXTENSIONS: Final = frozenset((
    "aiohttp", "aiokafka", "cassandra-driver", "charset-normalizer", "coverage", "dulwich", "falcon", "fastavro",
    "frozenlist", "google-crc32c", "ijson", "immutables", "lazy-object-proxy", "markupsafe", "msgpack", "multidict",
    "newrelic", "pendulum", "propcache", "protobuf", "pybase64", "pymongo", "pyrsistent", "pyyaml", "rapidfuzz",
    "ruamel-yaml-clib", "setproctitle", "simplejson", "sqlalchemy", "thrift", "tomli", "tornado", "websockets",
    "whenever", "wrapt", "yarl", "zope-interface", "zope-proxy",
))  # fmt: skip
"""Normalized names of distributions that can also be imported without their native modules, usually slower.

Source: an experiment. The newest release of each was installed in November 2026, every .so file was deleted, and its
packages were imported.
"""
