"""GLaDOS controls: what a run may be asked to be and do, the bar schedule, the limits."""
