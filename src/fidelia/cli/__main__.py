"""``python -m fidelia.cli`` does what ``fidelia`` does."""

from fidelia.cli import main

main()
