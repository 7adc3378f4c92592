"""Metrics of use: do models and analyses come out alike?"""
