"""What depends on jsii and on undocumented behavior of the CDK."""
