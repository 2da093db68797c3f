"""What a picture shows of a conflict: its rules, and the places that they speak of."""
