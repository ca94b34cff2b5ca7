"""Snapshots of templates, for syrupy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syrupy.extensions.json import JSONSnapshotExtension

from cdk_layers.testing.stable_templates import Renderable, stable_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syrupy.types import SerializedData


class TemplateSnapshot(JSONSnapshotExtension):
    """A snapshot of a synthesized template, as a JSON file that changes only when the infrastructure does.

    Examples:
        >>> def test_the_template_stays_as_it_is(snapshot):
        ...     assert Template.from_stack(stack) == snapshot(extension_class=TemplateSnapshot)
    """

    def serialize(self, data: Renderable | Mapping[str, Any], **options: Any) -> SerializedData:
        """Return the snapshot of a template.

        Args:
            data: A `Template` of `aws_cdk.assertions`, or a template as a mapping.
            **options: Options of syrupy.
        """
        return super().serialize(stable_template(data), **options)
