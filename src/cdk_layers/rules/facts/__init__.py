"""Facts about functions and archives that several families of rules need."""
