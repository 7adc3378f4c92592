"""fidelia: synthetic tables that you can trust."""

import logging

__version__ = "0.1.0"

logging.getLogger("fidelia").addHandler(logging.NullHandler())
