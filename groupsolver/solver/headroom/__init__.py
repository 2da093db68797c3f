"""How many more copies of an application fit: from an application to a count, a bound and bottlenecks."""
