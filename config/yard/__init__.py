"""`make up`: the whole yard on one machine under one supervisor, embedded services included."""
