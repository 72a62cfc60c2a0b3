"""Systems of specs/zoo, trained in small on real data beside a trivial rule: `python -m bench.zoo --help`."""
