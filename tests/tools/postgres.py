"""A PostgreSQL server of one's own: in a temporary folder, on loopback, gone after the tests."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER, PASSWORD, DATABASE = "crm", "p@ss:/w%rd'x", "shop"
REQUIRED = "REGULARS_REQUIRE_POSTGRES"


def binaries() -> Path | None:
    """Folder of initdb and pg_ctl: on PATH, or where Debian keeps the newest version."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    return versions[-1].parent if versions else None


def skip_or_fail(reason: str):
    (pytest.fail if os.environ.get(REQUIRED) == "1" else pytest.skip)(reason)


class Server:
    """A cluster that runs; `run` gives a program of it to the user it belongs to."""

    def __init__(self, programs: Path, folder: Path, port: int):
        self.programs, self.folder, self.port = programs, folder, port

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:${{CRM_PASSWORD}}@127.0.0.1:{self.port}/{DATABASE}"

    def run(self, program: str, *arguments: str, text: str | None = None) -> str:
        command = [str(self.programs / program), *arguments]
        # the server refuses to run as root
        who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        environment = os.environ | {"PGPASSWORD": PASSWORD, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, cwd="/", env=environment, timeout=120, **who
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, text: str, database: str = DATABASE) -> str:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        return self.run("psql", *where, "-v", "ON_ERROR_STOP=1", "-qtA", text=text)


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A new cluster in a folder, from its start to its stop."""
    programs = binaries()
    if programs is None:
        skip_or_fail("PostgreSQL is not on this machine (Debian: postgresql)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(programs, folder, port)
    data, password = str(folder / "data"), folder / "password"
    password.write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, password):
            shutil.chown(path, "postgres")
    access = ["-U", USER, "-A", "scram-sha-256", f"--pwfile={password}"]
    server.run("initdb", "-D", data, *access, "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
    options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -p {port}"
    server.run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        server.sql(f"CREATE DATABASE {DATABASE}", "postgres")
        yield server
    finally:
        server.run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@pytest.fixture(scope="session")
def postgres():
    """A running server; its folder has a short name and belongs to the user that it runs as."""
    temporary = tempfile.TemporaryDirectory(prefix="regulars-pg-", ignore_cleanup_errors=True)
    with temporary as folder, running(Path(folder)) as server:
        yield server
