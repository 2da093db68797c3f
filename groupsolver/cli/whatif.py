"""x."""
def add_parser(commands): pass
def run(o): pass
