"""Bodies as XML: from plain data to text and back."""
