"""Which factors decide what a study finds: indices by SALib, each factor alone, and the conclusions that hang on them.

`methods` samples and estimates on the unit cube -> `design` the runs that a question needs -> `outputs` what they found
-> `conclusions` which factor turns which answer -> `analysis` puts them together.
"""

from sim.experiments.sensitivity.analysis import Sensitivity, analyse, sensitivity
from sim.experiments.sensitivity.methods import indices, sample

__all__ = ["Sensitivity", "analyse", "indices", "sample", "sensitivity"]
