"""The benchmarks: ``python -m benchmarks`` lists what can be asked."""
