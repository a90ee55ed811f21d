"""Files of other programs: poses of DeepLabCut and SLEAP; labels of Bento, the Caltech annotator, BORIS, plain tables.

`poses` and `labels` find out what a file is; there is one module for each program, and `tracks` and `bouts` are what
they all give.
"""
