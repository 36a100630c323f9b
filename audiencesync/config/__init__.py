"""YAML to frozen models: every mistake at once, each with its line; secrets only by reference."""
