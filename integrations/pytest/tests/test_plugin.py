"""With real pytests, workers and leases. `name-manager` must be in the PATH."""

import json
import os
import shutil
import subprocess
import sys

import pytest

POOLS = """
[pools.db]
max = 2
env = { DATABASE_URL = "sqlite:{name}.db" }

[pools.db.hooks]
init = "echo init {name} >> hooks"
reset = "echo reset {name} $NAME_MANAGER_RESET >> hooks"
cleanup = "echo cleanup {name} >> hooks"

[pools.mail]
max = 1

[pools.slow]
max = 1
wait_timeout = "10ms"
"""


@pytest.fixture
def project(pytester, monkeypatch):
    for variable in [key for key in os.environ if key.startswith("NAME_MANAGER_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(pytester.path))
    for variable in ["PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"]:
        monkeypatch.delenv(variable, raising=False)
    pytester.makefile(".toml", **{"name-manager": POOLS})
    return pytester


def run(project, *args):
    command = ["name-manager", "run", "--", "pytest", "-p", "no:cacheprovider", *args]
    # Where the package is installed, pytest knows it by itself.
    if os.environ.get("WITH_PLUGIN"):
        command[4:4] = ["-p", os.environ["WITH_PLUGIN"]]
    return project.run(*command)


def events(pool):
    log = subprocess.run(
        ["name-manager", "log", "--pool", pool, "--json"], stdout=subprocess.PIPE, check=True
    )
    return [json.loads(line) for line in log.stdout.splitlines()]


def leases(pool, label="::test_"):
    """Without those of the clean-up."""
    return [e for e in events(pool) if e["kind"] == "acquired" and label in e["test"]]


def hooks(project):
    return (project.path / "hooks").read_text().splitlines()


def most_at_once(events):
    held = most = 0
    for event in events:
        held += {"acquired": 1, "released": -1, "died": -1}.get(event["kind"], 0)
        most = max(most, held)
    return most


def test_a_lease_has_name_index_and_env(project):
    project.makepyfile(
        """
        def test_it(name_manager):
            db = name_manager("db")
            assert (str(db), db.name, db.index, db.pool) == ("db-0", "db-0", 0, "db")
            assert db.env == {"DATABASE_URL": "sqlite:db-0.db"}
            assert name_manager("db") is db
            assert name_manager("mail").env == {}
        """
    )
    run(project).assert_outcomes(passed=1)
    assert hooks(project) == ["init db-0", "cleanup db-0"]


def test_eight_workers_share_two_databases(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_it(name_manager, number):
            db = name_manager("db")
            with open(f"using-{db}", "x"):  # nobody else has it
                pass
            import os
            os.remove(f"using-{db}")
        """
    )
    run(project, "-n", "8").assert_outcomes(passed=8)
    assert most_at_once(events("db")) <= 2
    lent = leases("db")
    assert len(lent) == 8
    assert len({event["run"] for event in lent}) == 1
    labels = sorted(event["test"].rsplit(" ", 1) for event in lent)
    assert [label[0].endswith(f"::test_it[{n}]") for n, label in enumerate(labels)] == [True] * 8
    assert all(label[1].startswith("[gw") for label in labels), labels
    called = [line.split()[0] for line in hooks(project)]
    used = len({event["name"] for event in lent})
    assert (called.count("init"), called.count("cleanup")) == (used, used)
    assert called.count("reset") == 8 - used


def test_a_test_that_fails_leaves_its_name_dirty(project):
    project.makepyfile(
        """
        import pytest

        def test_a(name_manager):
            name_manager("db")
            assert False

        @pytest.mark.xfail
        def test_b(name_manager):
            name_manager("db")
            assert False

        def test_c(name_manager):
            name_manager("db")
        """
    )
    run(project).assert_outcomes(failed=1, xfailed=1, passed=1)
    assert hooks(project) == ["init db-0", "reset db-0 dirty", "reset db-0 clean", "cleanup db-0"]


def test_a_worker_that_is_killed_leaves_its_name_free_and_dirty(project):
    project.makepyfile(
        """
        import os, signal, subprocess

        def test_a(name_manager):
            name_manager("db", name="db-0")
            # It has our end of the pipe to what holds the name, and lives on for a while.
            if os.fork() == 0:
                os.closerange(0, 3)
                os.execvp("sleep", ["sleep", "60"])
            os.kill(os.getpid(), signal.SIGKILL)

        def test_b(name_manager):
            assert name_manager("db", name="db-0").name == "db-0"
        """
    )
    run(project, "-n", "1").assert_outcomes(failed=1, passed=1)
    assert hooks(project) == ["init db-0", "reset db-0 dirty", "cleanup db-0"]


def test_marks_put_variables_into_the_environment(project):
    project.makepyfile(
        """
        import os
        import pytest

        @pytest.mark.name_manager("mail")
        @pytest.mark.name_manager("db")
        def test_one(name_manager):
            assert os.environ["DATABASE_URL"] == "sqlite:db-0.db"
            assert name_manager("db").name == "db-0"

        @pytest.mark.name_manager("db", count=2)
        def test_two():
            urls = sorted(os.environ["DATABASE_URL"].split(","))
            assert urls == ["sqlite:db-0.db", "sqlite:db-1.db"]

        def test_none():
            assert "DATABASE_URL" not in os.environ
        """
    )
    run(project, "--strict-markers").assert_outcomes(passed=3)


def test_options_are_passed_on(project):
    project.makepyfile(
        """
        import pytest

        def test_options(name_manager):
            both = name_manager("db", count=2, shared=True)
            assert sorted(db.index for db in both) == [0, 1]
            with pytest.raises(ValueError, match="say once"):
                name_manager("db", count=1)
            assert name_manager("mail", name="mail-0", timeout="1m").index == 0
        """
    )
    run(project).assert_outcomes(passed=1)
    assert {event["access"] for event in leases("db")} == {"shared"}


def test_a_wait_that_times_out_fails_the_test_and_names_the_holder(project):
    project.makepyfile(
        """
        from pytest_name_manager import hold

        def test_late(name_manager):
            with hold("slow", "the other one"):
                name_manager("slow")
        """
    )
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*exited with *; its standard error says why*", "*slow-0*held by*"])


def test_a_pool_whose_name_is_misspelt_fails_the_test_and_names_the_one_meant(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.name_manager("dbb")
        def test_it():
            pass
        """
    )
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*is `db` meant, which `name-manager.toml` configures?*"])


def test_a_fixture_of_another_scope_holds_a_name_for_a_worker(project):
    project.makepyfile(
        """
        import pytest
        from pytest_name_manager import hold

        @pytest.fixture(scope="session")
        def db(worker_id):
            with hold("db", f"all of {worker_id}") as lease:
                yield lease

        @pytest.mark.parametrize("number", range(4))
        def test_it(db, number):
            assert db.pool == "db"
        """
    )
    run(project, "-n", "2").assert_outcomes(passed=4)
    lent = sorted(event["test"] for event in leases("db", "all of"))
    assert lent == ["all of gw0 [gw0]", "all of gw1 [gw1]"]


def test_without_the_binary_the_error_says_so(project, monkeypatch):
    project.makepyfile("def test_it(name_manager): name_manager('db')")
    pytest_path = shutil.which("pytest")
    args = ["-p", os.environ["WITH_PLUGIN"]] if os.environ.get("WITH_PLUGIN") else []
    monkeypatch.setenv("PATH", "/nonexistent")
    result = project.run(sys.executable, pytest_path, *args)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*found no `name-manager` in the PATH*"])
