"""Lends tests the names of name-manager's pools: see the README."""

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Dict

import pytest

FAILED = pytest.StashKey[bool]()
OPTIONS = ("count", "shared", "name", "timeout")


@dataclass(frozen=True)
class Lease:
    """A name that nobody else has meanwhile."""

    name: str
    index: int
    pool: str
    env: Dict[str, str]

    def __str__(self):
        return self.name


class Hold:
    """One `name-manager hold`, which has its names for as long as it runs."""

    def __init__(self, pool, label, *, count=1, shared=False, name=None, timeout=None):
        worker = os.environ.get("PYTEST_XDIST_WORKER")
        command = ["name-manager", "hold", pool, "--json"]
        command += ["--for", f"{label} [{worker}]" if worker else label]
        command += ["--count", str(count)] if count != 1 else []
        command += ["--shared"] if shared else []
        command += ["--name", name] if name else []
        command += ["--timeout", timeout] if timeout else []
        try:
            # In a session of its own: Ctrl-C must not end it before the test that it is for.
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except FileNotFoundError:
            pytest.fail("found no `name-manager` in the PATH; the README says how to install it")
        try:
            lines = [self.process.stdout.readline() for _ in range(count)]
            if not all(lines):
                code = self.process.wait()
                said = "its standard error says why"
                pytest.fail(f"`{' '.join(command)}` exited with {code}; {said}", pytrace=False)
            # What it goes by if this process is killed: the last line of its input.
            self.process.stdin.write(b"dirty\n")
            self.process.stdin.flush()
        except BaseException:
            self.process.kill()
            self.process.communicate()
            raise
        keys = Lease.__dataclass_fields__
        leases = [json.loads(line) for line in lines]
        self.leases = [Lease(**{key: lease[key] for key in keys}) for lease in leases]

    def lent(self):
        return self.leases[0] if len(self.leases) == 1 else self.leases

    def give_back(self, dirty):
        if dirty:
            self.process.stdin.close()
        else:
            self.process.terminate()  # unlike its input, no child of the test can keep it open
        try:
            code = self.process.wait(timeout=10 if dirty else None)
        except subprocess.TimeoutExpired:
            self.process.kill()  # leaves the names dirty, too
            self.process.wait()
            code = 0
        if not dirty:
            self.process.stdin.close()
        self.process.stdout.close()
        if code != 0:
            names = ", ".join(lease.name for lease in self.leases)
            raise RuntimeError(f"{names} was not held to the end; standard error says why")


@contextmanager
def hold(pool, label, **options):
    """Names for longer than a test: for fixtures of other scopes."""
    held = Hold(pool, label, **options)
    dirty = True
    try:
        yield held.lent()
        dirty = False
    finally:
        held.give_back(dirty)


@pytest.fixture
def name_manager(request):
    """Called with a pool, takes a name of it until the test is over.

    Options: count=2, shared=True, name="db-0", timeout="30s". With a count, a list.
    """
    holds = {}

    def lend(pool, **options):
        if pool in holds and options:
            raise ValueError(f"this test has been lent of pool {pool!r}; say once what it needs")
        if pool not in holds:
            holds[pool] = Hold(pool, request.node.nodeid, **options)
        return holds[pool].lent()

    yield lend
    dirty = request.node.stash.get(FAILED, False)
    errors = []
    for held in reversed(list(holds.values())):
        try:
            held.give_back(dirty)
        except RuntimeError as error:
            errors.append(str(error))
    if errors:
        pytest.fail("; ".join(errors), pytrace=False)


@pytest.fixture(autouse=True)
def _name_manager_marks(request):
    marks = {}
    for mark in request.node.iter_markers("name_manager"):
        unknown = [key for key in mark.kwargs if key not in OPTIONS]
        if len(mark.args) != 1 or unknown:
            asked = ", ".join([repr(arg) for arg in mark.args] + list(mark.kwargs))
            pytest.fail(
                f'the mark name_manager has ({asked}); expected one pool, as name_manager("db"), '
                f"and of options {', '.join(OPTIONS)}",
                pytrace=False,
            )
        marks.setdefault(mark.args[0], mark.kwargs)  # the nearest one counts
    if not marks:
        return
    lend = request.getfixturevalue("name_manager")
    monkeypatch = request.getfixturevalue("monkeypatch")
    for pool in sorted(marks):  # in one order for all tests, so that none waits in a circle
        lent = lend(pool, **marks[pool])
        leases = lent if isinstance(lent, list) else [lent]
        for key in leases[0].env:
            monkeypatch.setenv(key, ",".join(lease.env[key] for lease in leases))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if outcome.get_result().failed:
        item.stash[FAILED] = True


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "name_manager(pool, count=1, shared=False, name=None, timeout=None): "
        "lend the test a name of this pool, whose variables are in its environment",
    )
