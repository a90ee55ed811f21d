"""Results that others can check: a submission as an RO-Crate, and the submission made again from one."""
