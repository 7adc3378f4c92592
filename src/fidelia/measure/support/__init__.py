"""Metrics of supports: where one table lies, does the other lie there too?"""
