"""Files of other programs: poses of DeepLabCut, SLEAP, JABS, MARS, SimBA; labels of Bento, BORIS, SimBA, plain tables.

`kinds` finds out what a file is, `poses` and `labels` read it; there is one module for each program, and `tracks` and
`bouts` are what they all give.
"""
