"""A Spark cluster of one's own: a master and two workers on loopback, in a temporary folder, gone after the tests."""

import gc
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REQUIRED = "REGULARS_REQUIRE_SPARK"
WORKERS = 2
# a small cluster for small tables: one wave of tasks, and no code generated for queries that run once
OPTIONS = {
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
}


# programs that live for seconds: quick to start rather than quick to run
JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"


# what py4j leaves open
UNSWEPT = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")


def skip_or_fail(reason: str):
    (pytest.fail if os.environ.get(REQUIRED) == "1" else pytest.skip)(reason)


def java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")


class Cluster:
    """A cluster that runs; `url` with what a small machine needs."""

    def __init__(self, master: str):
        self.master = master

    @property
    def url(self) -> str:
        return f"{self.master}?{'&'.join(f'{key}={value}' for key, value in OPTIONS.items())}"


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A master and its workers, from their start to their end."""
    if java() is None:
        skip_or_fail("Java is not on this machine (Debian: openjdk-17-jre-headless)")
    if importlib.util.find_spec("pyspark") is None:
        skip_or_fail("pyspark is not installed (pip install regulars[spark])")
    processes = []
    try:
        master = _start(folder, "master", processes, "org.apache.spark.deploy.master.Master",
                        "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")  # fmt: skip
        url = _told(master, r"Starting Spark master at (spark://\S+)")
        logs = [
            _start(folder, f"worker-{n}", processes, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1",
                   "--webui-port", "0", "--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"work-{n}"), url)
            for n in range(WORKERS)
        ]  # fmt: skip
        for log in logs:
            _told(log, r"Successfully registered with (master)")
        yield Cluster(url)
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _start(folder: Path, name: str, processes: list, *command: str) -> Path:
    programs = Path(importlib.util.find_spec("pyspark").submodule_search_locations[0], "bin")
    log = folder / f"{name}.log"
    environment = os.environ | {
        "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m", "SPARK_LOCAL_DIRS": str(folder / "local"),
        "JAVA_TOOL_OPTIONS": JVM,
    }  # fmt: skip
    with log.open("wb") as out:
        processes.append(
            subprocess.Popen(
                [programs / "spark-class", *command], stdout=out, stderr=out, env=environment, cwd=folder,
                start_new_session=True,
            )
        )  # fmt: skip
    return log


def _told(log: Path, pattern: str, patience: float = 60) -> str:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"{log.name}: {log.read_text(errors='replace')[-2000:]}")


@pytest.fixture
def sockets():
    """What py4j leaves open is swept here, where it is known, and not in some later test."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def cluster():
    """A running cluster; the session that speaks to it ends before it does."""
    before = os.environ.get("JAVA_TOOL_OPTIONS")
    os.environ["JAVA_TOOL_OPTIONS"] = JVM
    temporary = tempfile.TemporaryDirectory(prefix="regulars-spark-", ignore_cleanup_errors=True)
    with temporary as folder, running(Path(folder)) as found:
        yield found
        from pyspark.sql import SparkSession

        if session := SparkSession.getActiveSession():
            session.stop()
        gc.collect()
    os.environ.pop("JAVA_TOOL_OPTIONS") if before is None else os.environ.update(JAVA_TOOL_OPTIONS=before)
