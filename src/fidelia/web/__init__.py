"""The local web app behind `fidelia serve`: runs as folders on disk, jobs in child processes, pages over both."""
