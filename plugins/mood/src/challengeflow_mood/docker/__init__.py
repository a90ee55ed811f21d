"""The submission as a docker image: its build context, what runs inside it, and the proof that it runs as the
organisers run it.
"""
