"""Why an application cannot be placed, and which changes would help."""
