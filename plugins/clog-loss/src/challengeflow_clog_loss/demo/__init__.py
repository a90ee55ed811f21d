"""Generated videos of capillaries in the competition's exact formats."""
