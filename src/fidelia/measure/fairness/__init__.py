"""Metrics of fairness: are groups of people treated alike by the rows and by what is learnt from them?"""
