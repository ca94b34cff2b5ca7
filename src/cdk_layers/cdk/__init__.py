"""The constructs: the only place that imports aws_cdk, jsii or constructs."""

from cdk_layers.cdk.node.loading import load

load()
