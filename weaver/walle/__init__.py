"""WallE stores: records of what happened (SQL), series of bars and results of windows (Parquet)."""
