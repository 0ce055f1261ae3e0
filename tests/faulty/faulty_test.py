"""anqiaod_faulty names its fail points and refuses what it does not know."""

import os
import subprocess
import sys


def run(environment, *arguments):
    return subprocess.run([sys.argv[1], *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=30, check=False)


def main():
    points = run({}, "--list-failpoints").stdout.split()
    assert len(points) >= 10 and len(set(points)) == len(points), points
    assert "commit.before_append" in points, points
    for environment in ({"AQ_FAILPOINT": "nowhere:1"}, {"AQ_FAILPOINT": points[0]}, {"AQ_FAILPOINT": points[0] + ":0"}, {"AQ_FAILPOINT": points[0] + ":1:5000"},
                        {"AQ_MUTANT": "none"}):
        assert run(environment, "--help").returncode == 2, environment
    for environment in ({"AQ_FAILPOINT": points[0] + ":3"}, {"AQ_FAILPOINT": points[0] + ":3:20"}, {"AQ_MUTANT": "ack_before_sync"}):
        assert run(environment, "--help").returncode == 0, environment


main()
