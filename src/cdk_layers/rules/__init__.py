"""The rules: each is a small pure function over the model of an app, and finds one way for a layer to break."""
