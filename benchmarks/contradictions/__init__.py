"""Ways for an application to contradict itself, each planted on purpose, by family."""
