"""`results/report.html`: the whole run on one page that needs nothing else.

subject    what the report is about: the resolved config and what the plugins say of themselves (made by the planner)
gather     what the run has left: scores, pictures, notes, submissions
costs      what it took: CPU time, memory, seconds a case
curves     lines as SVG, before JavaScript makes them interactive
page       the page, from templates/report
"""
