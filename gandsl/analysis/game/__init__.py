"""What can be said of a game without running it: what each pass computes, what needs a graph, its checks."""
