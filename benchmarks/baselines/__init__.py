"""What others do: each places an application by the same objective, held to the same checker."""
