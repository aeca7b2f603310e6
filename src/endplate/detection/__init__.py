"""Find every vertebra and its six points in the straightened image."""
