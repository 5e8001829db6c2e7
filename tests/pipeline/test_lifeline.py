"""A signal, or the death of whoever waits, ends all that a process has started; a second build waits and says so."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from regulars import lifeline

pytestmark = pytest.mark.skipif(not lifeline.CAN_WAIT, reason="signals are Python's own here")
# holds, keeps a folder aside and starts a process that would go on for a minute
WORK = """
import subprocess, sys, time
from pathlib import Path
from regulars import lifeline
lifeline.hold()
started = subprocess.Popen(["sleep", "61"], start_new_session=True)
with lifeline.kept_aside(Path(sys.argv[1])):
    Path(sys.argv[1]).mkdir()
    Path(sys.argv[2]).write_text(str(started.pid))
    time.sleep(60)
"""
# starts the one above and waits for it
WAIT = """
import os, subprocess, sys
subprocess.run([sys.executable, "-c", os.environ["WORK"], *sys.argv[1:]], env=os.environ | {"REGULARS_PART_OF": "1"})
"""
SECONDS = 20.0  # promised are 5, on a machine that has nothing else to do


def started(folder, code: str) -> tuple[subprocess.Popen, int]:
    """A process and the number of what it has started, once that is there."""
    command = [sys.executable, "-c", code, str(folder / "aside"), str(folder / "pid")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"WORK": WORK})
    until = time.monotonic() + 60
    while not ((folder / "pid").is_file() and (folder / "pid").read_text()):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    return process, int((folder / "pid").read_text())


def is_gone(pid: int) -> bool:
    until = time.monotonic() + SECONDS
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_all_with_one_sentence_and_nothing_aside(tmp_path, number):
    process, child = started(tmp_path, WORK)
    process.send_signal(number)
    said = process.communicate(timeout=SECONDS)[1]
    assert said.strip() == lifeline.STOPPED
    assert process.returncode == 128 + number
    assert is_gone(child) and not (tmp_path / "aside").exists()


def test_what_is_part_of_a_build_ends_where_the_build_is_killed(tmp_path):
    process, child = started(tmp_path, WAIT)
    process.kill()
    process.communicate(timeout=SECONDS)
    assert is_gone(child)
    until = time.monotonic() + SECONDS
    while (tmp_path / "aside").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not (tmp_path / "aside").exists()


SECOND = """
import sys
from pathlib import Path
from regulars.lifeline import alone
with alone(Path(sys.argv[1]), "another build is running"):
    pass
"""


def test_a_second_one_waits_and_says_so(tmp_path):
    lock = tmp_path / "locks" / "shop.lock"
    with lifeline.alone(lock, ""):
        second = subprocess.Popen([sys.executable, "-c", SECOND, str(lock)], stderr=subprocess.PIPE, text=True)
        assert second.stderr.readline().strip() == "another build is running"
        assert second.poll() is None
    assert second.communicate(timeout=SECONDS)[1] == ""
    assert second.returncode == 0


def test_what_a_killed_process_left_aside_is_cleared_by_the_next():
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    place = lifeline.own_folder()
    left = place.with_name(f"regulars-{ended.stdout.strip()}-left")
    place.rmdir()
    left.mkdir()
    folder = lifeline.own_folder()
    try:
        assert folder.is_dir() and not left.exists()
        again = lifeline.own_folder()
        assert folder.is_dir(), "its process is alive"
        again.rmdir()
    finally:
        folder.rmdir()


def test_a_lock_that_a_killed_build_cut_short_is_none(tmp_path):
    lock = tmp_path / "rwlock"
    lifeline.clear_lock(lock)
    for broken in ("", '{"write": {"data', "[]", '{"write": {"data": {}}}'):
        lock.write_text(broken)
        lifeline.clear_lock(lock)
        assert not lock.exists()


def test_the_dead_hold_no_lock_buried_or_not(tmp_path):
    lock = tmp_path / "rwlock"
    works = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "dvc repro"])
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])  # has the number of one that died
    unburied = subprocess.Popen([sys.executable, "-c", "0", "dvc repro"])
    while psutil.Process(unburied.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.05)
    try:
        held = {name: {"pid": one.pid, "cmd": "dvc repro"}
                for name, one in {"works": works, "other": other, "unburied": unburied}.items()}  # fmt: skip
        lock.write_text(json.dumps({"write": held, "read": {"all": list(held.values())}}))
        lifeline.clear_lock(lock)
        left = json.loads(lock.read_text())
        assert left == {"write": {"works": held["works"]}, "read": {"all": [held["works"]]}}
    finally:
        for one in (works, other, unburied):
            one.kill()
            one.wait()
