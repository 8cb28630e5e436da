"""Many runs: sweeps and files that name them, the tasks they come to, and the Dask cluster that trains them."""
