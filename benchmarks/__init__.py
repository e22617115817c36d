"""This project and its peers measured side by side: `make bench`. Ratios hold, seconds depend on the machine."""
