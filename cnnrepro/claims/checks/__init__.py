"""The checks, one file for each topic of ``statements/``; a statement names its check as "topic:function"."""
