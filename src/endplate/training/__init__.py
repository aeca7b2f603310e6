"""Train the two networks. Needs the extra ``training`` (torch); never imported by ``endplate quantify``."""
