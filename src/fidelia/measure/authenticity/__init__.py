"""Metrics of newness: are rows repeated from train?"""
