"""The `training:` section as the runtime's plan."""
