"""Where files from outside come in: archives, sizes told by headers, readers that may die, pickles that are only looked
for."""
