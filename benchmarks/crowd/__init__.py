"""Labels of a crowd: chapter 3."""
