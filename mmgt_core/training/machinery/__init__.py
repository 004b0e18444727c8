"""What every training runs on: configuration, batches, loop, averages, checkpoints, report."""
