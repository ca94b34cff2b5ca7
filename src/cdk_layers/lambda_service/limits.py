"""Limits of the Lambda service on layers, and the errors that it returns above them.

Sources: "API" is the answer of the service, recorded by LocalStack's validated snapshots; "botocore" is the service
model of botocore 1.44.5; "guide" is the AWS Lambda developer guide.
"""

from __future__ import annotations

from typing import Final

MAX_LAYERS: Final = 5
"""Layers a function may use. Source: API, `Cannot reference more than 5 layers.`"""

MAX_UNZIPPED_BYTES: Final = 262_144_000
"""Unzipped bytes (250 MiB) of a function's code and all of its layers together. Source: guide, API."""

MAX_POLICY_BYTES: Final = 20_480
"""Bytes of a function's resource-based policy. Source: guide. That a layer version's policy has the same limit is
inferred: AddLayerVersionPermission has the same error, PolicyLengthExceededException, which refers to the guide's
quotas (API)."""

MAX_ARN_CHARACTERS: Final = 2048
"""Characters of a layer version ARN. Source: botocore."""

MAX_LAYER_NAME_CHARACTERS: Final = 140
"""Characters of a layer name. Source: botocore."""

MAX_DESCRIPTION_CHARACTERS: Final = 256
"""Characters of a layer version's description. Source: botocore."""

MAX_LICENSE_CHARACTERS: Final = 512
"""Characters of a layer version's license. Source: botocore."""

MAX_COMPATIBLE_RUNTIMES: Final = 15
"""Compatible runtimes that a layer version may name. Source: botocore."""

MAX_COMPATIBLE_ARCHITECTURES: Final = 2
"""Compatible architectures that a layer version may name. Source: botocore."""

TOO_MANY_LAYERS: Final = "Cannot reference more than 5 layers."
"""Source: API."""

ARCHIVE_TOO_LARGE: Final = "Unzipped size must be smaller than 262144000 bytes"
"""Source: API, for one archive."""

LAYERS_TOO_LARGE: Final = "Layers consume more than the available size of 262144000 bytes"
"""Source: API, for the layers of a function without its code."""

FUNCTION_TOO_LARGE: Final = (
    "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. "
    "The actual size is {unzipped_bytes} bytes."
)
"""Source: API, for a function's code and layers together."""
