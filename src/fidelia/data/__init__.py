"""Where rows come from and go to: the only place that knows dataframes."""
