"""Why a batch cannot be placed, and what would help."""
