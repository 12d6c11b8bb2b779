"""EvolutionEngine and StrategyGenerator: strategies bred on recorded bars, and judged honestly."""
