"""Reading sources in: incremental, guarded, never fatal for one bad document."""
