"""Functions of a synthesized app run on this machine, with the layers that will be deployed."""
