"""Pictures: folders, arrays and files of them, and the tables that carry them through the house."""
