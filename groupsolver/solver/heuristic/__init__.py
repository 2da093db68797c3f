"""From prices to placements, without a proof."""
