//! The jobs of `docs/ci.md`, their steps run one after the other as a runner does.

use std::fs;

use nm_runtime::journal::Kind;

use crate::lab::{Lab, Said};
use crate::{executable, page};

/// The `run` steps of each job on the page.
fn jobs() -> Vec<Vec<String>> {
    let blocks = page::written_in("yaml", "docs/ci.md").into_iter();
    let blocks = blocks.filter(|block| block.contains("steps:"));
    blocks.map(|block| steps(&block)).collect()
}

fn steps(block: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut steps = Vec::new();
    let mut lines = block.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(at) = line.find("run: ") else {
            continue;
        };
        let first = line[at + 5..].trim();
        if first != "|" && first != ">" {
            steps.push(first.to_owned());
            continue;
        }
        let mut parts = Vec::new();
        while let Some(next) = lines.next_if(|next| indent(next) > at) {
            parts.push(next.trim());
        }
        steps.push(parts.join(if first == "|" { "\n" } else { " " }));
    }
    steps
}

/// Runs the steps, each in a shell of its own, with what earlier ones wrote to `GITHUB_ENV`.
fn run(lab: &Lab, steps: &[String]) {
    let github_env = lab.path().join("github-env");
    fs::write(&github_env, "").unwrap();
    for step in steps.iter().filter(|step| !step.contains("cargo install")) {
        let step = step.replace("${{ matrix.suite }}", "api");
        let mut shell = lab.program("bash");
        shell
            .args(["-e", "-c", &step])
            .env("NAME_MANAGER_POOL_DB_MAX", "1")
            .env("GITHUB_ENV", &github_env);
        let set = fs::read_to_string(&github_env).unwrap();
        shell.envs(set.lines().filter_map(|line| line.split_once('=')));
        let said = Said::of(shell.output().unwrap());
        assert_eq!(said.code, 0, "{step}: {said:?}");
    }
}

#[test]
fn the_jobs_on_the_page_work_as_written() {
    let jobs = jobs();
    assert_eq!(jobs.len(), 2);
    for steps in jobs {
        let lab = Lab::new();
        // The name is the job's own meanwhile.
        let script =
            "#!/bin/sh\nname-manager try-acquire db; test $? = 75 && echo \"$0 $*\" >> ran\n";
        for name in ["migrate.sh", "test.sh"] {
            executable::write(&lab.path().join(name), script.as_bytes());
        }
        run(&lab, &steps);
        let ran = fs::read_to_string(lab.path().join("ran")).unwrap();
        assert!(ran.contains("./test.sh"), "{ran}");
        let kinds = lab.events("db").into_iter().map(|event| event.kind);
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(kinds, [Kind::Acquired, Kind::Released]);
    }
}
