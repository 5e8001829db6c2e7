"""What the verbs of ``regulars`` do beside building: a module each, called by `regulars.cli` alone."""
