"""`python -m cdk_layers.cli`, where the command is not on the path."""

from __future__ import annotations

import sys

from cdk_layers.cli import main

sys.exit(main())
