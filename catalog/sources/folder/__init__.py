"""Parts of the sources whose files are on this machine."""
