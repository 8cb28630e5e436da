"""From a command to pages: the runs that are needed, trained side by side; the notebook; the page."""
