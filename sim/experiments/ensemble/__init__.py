"""Many runs: a study's factors, its plan, the shards workers write, the executors that run them, and what is read back.

`spec` what a study asks -> `plan` every run of it -> `shard` what one worker does -> `executors` who does it ->
`parts` files on disk -> `study` the results. `sweep` puts them together.
"""
