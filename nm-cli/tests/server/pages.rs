//! What the pages about several machines show, done.

use std::fs;
use std::thread;

use crate::door::Door;
use crate::executable;
use crate::instance::shared;
use crate::lab::Said;
use crate::machines::Project;
use crate::page;

const JOBS: &str = "docs/several-machines.md";
const SERVER: &str = "docs/server.md";

/// The pool on the page.
fn pools() -> String {
    let blocks = page::written_in("toml", JOBS);
    blocks.into_iter().next().unwrap()
}

/// The commands on the pages answer as is written there; what follows `..` differs.
#[test]
fn the_commands_on_the_pages_answer_so() {
    let Some(server) = shared() else { return };
    for (at, page) in [JOBS, SERVER].into_iter().enumerate() {
        let project = Project::new(server, &format!("page_{at}"), &pools());
        let mut commands = 0;
        for (command, answer) in page::commands(page) {
            if command.starts_with("export ") {
                continue;
            }
            let args: Vec<_> = command.split(' ').skip(1).collect();
            let said = project.run("ci-1", &args).succeeds();
            let (answer, is_all) = match answer.split_once("..\n") {
                Some((answer, _)) => (answer, false),
                None => (&*answer, true),
            };
            if is_all {
                assert_eq!(said.out, answer, "{page}: {command}");
            }
            for shown in answer.lines().filter(|_| !is_all) {
                let is_there = said.out.lines().any(|line| begin(line) == begin(shown));
                assert!(is_there, "{page}: {shown}, not in {said:?}");
            }
            commands += 1;
        }
        assert_eq!(commands, 2, "{page}");
    }
}

/// Mark and topic of a finding; the rest is about another server.
fn begin(line: &str) -> Vec<&str> {
    line.split_whitespace().take(2).collect()
}

#[test]
fn three_jobs_on_three_machines_share_the_projects_on_the_page() {
    let Some(server) = shared() else { return };
    let project = Project::new(server, "jobs", &pools());
    let yaml = page::written_in("yaml", JOBS).remove(0);
    let steps: Vec<_> = yaml
        .lines()
        .filter_map(|line| Some(line.split_once("run: ")?.1.to_owned()))
        .filter(|step| !step.starts_with("cargo install"))
        .collect();
    assert_eq!(steps.len(), 4, "{yaml}");
    // A project that two have at once is one directory that is made twice.
    let script = "#!/bin/sh -e\nmkdir \"$GOOGLE_CLOUD_PROJECT\"\necho \"$1\" >>ran\nrmdir \"$GOOGLE_CLOUD_PROJECT\"\n";
    let test = project.path("test.sh");
    executable::write(&test, script.as_bytes());
    thread::scope(|scope| {
        for suite in ["api", "billing", "search"] {
            let (project, steps) = (&project, &steps);
            scope.spawn(move || {
                for step in steps {
                    let step = step
                        .replace("${{ matrix.suite }}", suite)
                        .replace("${{ secrets.NAMES_PGPASS }}", "*:*:*:ci:secret");
                    let mut bash = project.shell(suite, &step);
                    let passfile = project.path(&format!("pgpass-{suite}"));
                    let said = Said::of(bash.env("PGPASSFILE", passfile).output().unwrap());
                    assert_eq!(said.code, 0, "{step}: {said:?}");
                }
            });
        }
    });
    let ran = fs::read_to_string(project.path("ran")).unwrap();
    assert_eq!(ran.lines().count(), 3, "{ran}");
    let log = project.run("ci-9", &["log", "--pool", "gcp", "--kind", "acquired"]);
    for suite in ["api", "billing", "search"] {
        assert!(log.out.contains(&format!(" on {suite}")), "{log:?}");
    }
}

/// Each statement of SQL on the page is one that the tables have columns for.
#[test]
fn the_statements_on_the_page_run() {
    let Some(server) = shared() else { return };
    let door = Door::to_new(server, "statements");
    door.run(&["server", "init"]).succeeds();
    let statements = page::written_in("sql", SERVER).remove(0);
    assert_eq!(statements.matches("SELECT").count(), 3);
    server.sql("statements", &statements);
}
