"""Import names of distributions that differ from their own names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_DISTRIBUTIONS: Final = {
    "Crypto": "pycryptodome", "Cryptodome": "pycryptodomex", "Levenshtein": "levenshtein", "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl", "PIL": "pillow", "attr": "attrs", "aws_durable_execution_sdk_python":
    "aws-durable-execution-sdk-python", "bs4": "beautifulsoup4", "bson": "pymongo", "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil", "docx": "python-docx", "dotenv": "python-dotenv", "fitz": "pymupdf",
    "git": "gitpython", "grpc": "grpcio", "jose": "python-jose", "jwt": "pyjwt", "magic": "python-magic",
    "multipart": "python-multipart", "nacl": "pynacl", "pkg_resources": "setuptools", "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary", "pymysql": "pymysql", "ruamel": "ruamel.yaml", "serial": "pyserial",
    "skimage": "scikit-image", "sklearn": "scikit-learn", "slugify": "python-slugify", "socks": "pysocks",
    "telegram": "python-telegram-bot", "usb": "pyusb", "yaml": "pyyaml", "zmq": "pyzmq",
}  # fmt: skip
"""Import names to normalized distribution names. Source: the distributions' own wheels."""

_MODULES: Final = {distribution: module for module, distribution in _DISTRIBUTIONS.items()}


def distribution_of(module: str) -> str:
    """Return the name of the distribution that most likely contains a top-level module."""
    return _DISTRIBUTIONS.get(module, module.replace("_", "-"))


def modules_of(distributions: Iterable[str]) -> frozenset[str]:
    """Return the top-level modules of distributions, by their normalized names."""
    return frozenset(_MODULES.get(distribution, distribution.replace("-", "_")) for distribution in distributions)
