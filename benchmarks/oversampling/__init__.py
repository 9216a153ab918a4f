"""Over-samplers before classifiers: chapter 2."""
