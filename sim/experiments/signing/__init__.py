"""At which share of the tax does every party of an agreement sign, and who binds?

    from sim.experiments.signing.survey import signing_study
    survey = signing_study(sim.run("industry_transfer"))
    survey.verdict.together, survey.verdict.never

Every party is asked about the agreement of all, in the year in which the agreement is put before them, at every share
of the tax that goes to the origins, by the same phase that asks it in a run (`survey`). The ranges of shares at which
each signs either meet or they do not (`verdict`). How wide the common range is when each parameter that is a judgement
stands at the ends of its range: `judgement`.
"""
