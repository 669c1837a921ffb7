"""The market of one year: trade costs, the closure, the equilibrium solver and its phase."""
