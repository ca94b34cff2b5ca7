"""The app that `cdk synth` runs: `python -m sample_app`."""

from __future__ import annotations

from aws_cdk import App

from sample_app.app import define

app = App()
define(app)
app.synth()
