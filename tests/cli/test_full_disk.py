"""A disk that is full or a target that cannot be written: one line, exit status 2, no file.

The tests may run as root, whom permissions do not stop: a target is made unwritable by a folder in
its place or a file in place of its folder, and a disk full by the limit on the size of a file.
"""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

resource = pytest.importorskip("resource")

OPTIONS = ("--target", "label", "--quiet")
# enough that no table and no picture below fits
LIMIT = 256


@contextmanager
def full_disk():
    """Files of this process cannot grow beyond LIMIT bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def table(save, numeric):
    return save(numeric)


@pytest.fixture
def votes(save):
    rng = np.random.RandomState(0)
    pairs = [(task, worker) for task in range(60) for worker in "abcdef"]
    frame = pd.DataFrame(pairs, columns=["task", "worker"])
    return save(frame.assign(label=rng.choice(["cat", "dog"], size=len(frame))), "votes.csv")


COMPARE = ("compare", "in.csv", *OPTIONS, "--folds", 2, "--methods", "smote")
RESAMPLE = ("resample", "in.csv", *OPTIONS, "--method", "random")
AGGREGATE = ("aggregate", "votes.csv", "--quiet")
WRITES = {
    "compare, picture": (*COMPARE, "--classifiers", "linear-svc", "--picture", "o.png"),
    "compare, pdf": (*COMPARE, "--classifiers", "linear-svc", "--picture", "o.pdf"),
    "compare, svg": (*COMPARE, "--classifiers", "linear-svc", "--picture", "o.svg"),
    "resample, csv": (*RESAMPLE, "-o", "o.csv"),
    "resample, gzip": (*RESAMPLE, "-o", "o.csv.gz"),
    "resample, parquet": (*RESAMPLE, "-o", "o.parquet"),
    "aggregate, labels": (*AGGREGATE, "-o", "o.csv"),
    "aggregate, report": (*AGGREGATE, "-o", "o.parquet", "--report", "o.csv"),
    "aggregate, picture": (*AGGREGATE, "-o", "o.csv", "--picture", "o.png"),
}


@pytest.mark.parametrize("case", WRITES)
def test_a_full_disk_is_one_line_and_no_file(case, run, table, votes, tmp_path):
    words = WRITES[case]
    before = sorted(tmp_path.rglob("*"))
    with full_disk():
        result = run(*words)
    assert result.exit_code == 2, result.output
    lines = result.stderr.splitlines()
    assert lines[-1].startswith("imbgen: error: o."), lines
    assert "cannot be written" in lines[-1]
    assert "File too large" in lines[-1]
    assert sorted(tmp_path.rglob("*")) == before
    # with room, the same command works
    assert run(*words).exit_code == 0


@pytest.mark.parametrize("words", [COMPARE, RESAMPLE, AGGREGATE], ids=lambda words: words[0])
@pytest.mark.parametrize("target", ["folder", "in_a_file"])
def test_a_target_that_cannot_be_written(words, target, fails, table, votes, tmp_path):
    extension = "png" if words is COMPARE else "csv"
    option = "--picture" if words is COMPARE else "-o"
    path = f"here.{extension}"
    if target == "folder":
        (tmp_path / path).mkdir()
    else:
        path = f"in.csv/{path}"
    assert path in fails(*words, option, path)


@pytest.mark.parametrize("target", ["report", "picture"])
def test_a_second_output_that_cannot_be_written_stops_before_the_first(
    target, fails, votes, tmp_path
):
    path = {"report": "workers.csv", "picture": "workers.png"}[target]
    (tmp_path / path).mkdir()
    line = fails(*AGGREGATE, "-o", "o.csv", f"--{target}", path)
    assert f"{path}: is a folder" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_report_that_cannot_be_printed(votes, tmp_path):
    code = "import sys; from sklearn_imbgen.cli import main; main(sys.argv[1:])"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, "aggregate", str(votes), "-o", str(tmp_path / "o.csv")],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            check=False,
            timeout=120,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("imbgen: error: [Errno 28]")
    assert "Traceback" not in done.stderr


HALF_WRITTEN = """
import sys, time
import pandas as pd
def wait(*args, **options):
    print("writing", flush=True)
    time.sleep(60)
pd.DataFrame.to_csv = wait
from sklearn_imbgen.cli import main
main(sys.argv[1:])
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_command_leaves_no_file(number, table, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HALF_WRITTEN, *map(str, RESAMPLE), "-o", "o.csv"],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        text=True,
    )
    with process:
        # the originals have been copied by then
        assert process.stdout.readline() == "writing\n"
        process.send_signal(number)
    assert process.returncode == {signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]
