"""Time, memory, and how long a way a call takes."""
