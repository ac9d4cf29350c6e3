"""The benchmarks run, at a size of no meaning: no time is looked at."""

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.growth import Cost, measure_files, slope, table

ROOT = Path(__file__).parents[2]


def test_a_linear_cost_has_the_slope_of_one_and_another_has_not() -> None:
    linear = [Cost(size, 0.5 + size / 1000, 80) for size in (1000, 10_000, 100_000)]
    assert slope(linear, lambda cost: cost.seconds) == "1.00"
    square = [Cost(size, 0.5 + size**2 / 1e6, 80) for size in (1000, 10_000, 100_000)]
    assert slope(square, lambda cost: cost.seconds) == "10.00"


def test_growth_is_measured_on_whole_processes() -> None:
    costs = [measure_files(size) for size in (2, 4)]
    assert all(cost.seconds > 0 and cost.peak > 10 for cost in costs)
    text = table({"files": costs})
    assert text.count("\n") == 4
    assert "`triage scan` of files, peak MB" in text


def test_the_one_command_knows_its_parts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "functions,steps,filters,growth,mailbox,training,cluster" in done.stdout
