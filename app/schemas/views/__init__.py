"""What the API shows of the engine's records: plain mappings of the shapes beside it, made nowhere else."""
