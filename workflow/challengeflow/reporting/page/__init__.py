"""`results/report.html`: the whole run on one page that needs nothing else.

subject    what the report is about: the resolved config and what the plugins say of themselves (made by the planner)
gather     what the run has left: scores, pictures, notes (as `results`), and what there is to hand in (`handed`)
costs      what it took: CPU time, memory, seconds a case
words      the front page: better than guessing or not, what to worry about, what next
glossary   what the words mean
curves     lines as SVG, before JavaScript makes them interactive
page       the page, from the templates, with pictures (`album`), figures (`formats`) and any JSON (`values`)
"""
