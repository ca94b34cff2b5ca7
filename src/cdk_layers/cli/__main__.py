"""`python -m cdk_layers.cli`, if the command is not on the PATH."""

from __future__ import annotations

import sys

from cdk_layers.cli import main

sys.exit(main())
