"""References to shared layers of other stacks, and how functions follow new versions."""
