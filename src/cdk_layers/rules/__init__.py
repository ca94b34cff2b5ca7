"""Why a layer breaks: one small pure function a rule, over the model of an app."""
