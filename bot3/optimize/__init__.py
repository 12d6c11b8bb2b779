"""BayesianOptimizer: a strategy's declared parameters, tuned on recorded bars."""
