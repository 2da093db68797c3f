"""Values to and from what others keep them in: pandas frames and networkx graphs."""
