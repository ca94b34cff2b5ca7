"""From a cloud assembly, or one template, to the model that the rules judge: `reader.read`."""
