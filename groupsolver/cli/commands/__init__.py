"""The commands, one module each: each reads its options, calls the library and returns an exit code."""
