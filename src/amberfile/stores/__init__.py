"""Where memory is kept: one contract in `base`, one engine a file or folder."""
