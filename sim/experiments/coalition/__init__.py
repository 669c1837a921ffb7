"""What is an agreement worth to every coalition of its parties, how is the gain shared, and who would walk away?

    coalition("market_integration", "SH,JS,ZJ,AH", workers=2)

A run in which only some players take part is the scenario with its policies in force among their cities alone. The
value of a coalition is the summed gain of its members against the run in which no player takes part; from the values
follow the rules of `sim.bargaining`. Up to twelve players all coalitions are run, beyond that those of orders of
joining drawn at random. (Workers import `runs` alone, which knows no rules: they start sooner.)
"""
