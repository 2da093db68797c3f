"""The values: what there is, what is asked, what is answered. Frozen, validated when built."""
