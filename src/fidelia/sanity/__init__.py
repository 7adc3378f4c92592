"""The sanity suite: does a metric do what its name promises?"""
