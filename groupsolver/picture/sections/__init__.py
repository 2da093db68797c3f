"""Parts of the page beside the drawing: its header, and lists."""
