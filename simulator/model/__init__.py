"""The market: rules, addressed chance, population, social graph, brands and campaigns."""
