"""Groups of which members may be left out (`at_least`): which of them are placed."""
