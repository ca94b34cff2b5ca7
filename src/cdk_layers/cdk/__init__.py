"""The constructs: the only place that imports aws_cdk, jsii or constructs."""
