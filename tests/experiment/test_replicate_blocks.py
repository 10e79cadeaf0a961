"""One owner says where the block of replicates begins on which choices are judged."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.experiment import calibration, design_schema, optimization, sampling
from simulator.outcomes.replicate_blocks import BLOCKS, block

EXPERIMENT = Path(sampling.__file__).parent


def test_every_study_judges_on_the_same_block() -> None:
    first = BLOCKS["evaluate"].start
    assert sampling.EVALUATION_BLOCK == optimization.FIRST_EVALUATION == calibration.FIRST_PREDICTIVE == first
    assert len(BLOCKS["select"]) == design_schema._MOST
    assert block("evaluate", 3).start == first > block("select", 10**6)[-1]


def test_no_study_writes_the_number_down_again() -> None:
    again = [
        file.name for file in EXPERIMENT.glob("*.py") if re.search(r"^\w+ = 2\*\*30", file.read_text(), re.M)
    ]
    assert again == []
