"""How many more copies of an application fit: a count, a bound and bottlenecks."""
