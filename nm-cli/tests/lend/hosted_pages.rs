//! The files of `docs/github-actions.md` and `docs/gitlab.md`: read as YAML, and what each of
//! their jobs runs is run.

use std::process::Command;

use serde_json::Value;

use crate::lab::{Lab, Said};
use crate::shop::{SUITE, Shop, apart};
use crate::{page, skip};

const GITHUB: &str = "docs/github-actions.md";
const GITLAB: &str = "docs/gitlab.md";

/// Its job `test`, as JSON; `None` without a reader of YAML.
fn job(lab: &Lab, yaml: &str) -> Option<Value> {
    const READ: &str =
        "import json, sys, yaml; json.dump(yaml.safe_load(sys.argv[1]), sys.stdout, default=str)";
    let python = lab
        .program("/usr/bin/python3")
        .args(["-c", READ, yaml])
        .output();
    let Ok(python) = python else {
        skip::because("no python3");
        return None;
    };
    if String::from_utf8_lossy(&python.stderr).contains("No module named 'yaml'") {
        skip::because("no PyYAML");
        return None;
    }
    let file: Value = serde_json::from_slice(&python.stdout).unwrap();
    let jobs = file.get("jobs").unwrap_or(&file);
    Some(jobs["test"].clone())
}

/// What the job runs on a machine that has everything installed.
fn commands(job: &Value) -> Vec<String> {
    let steps = job["steps"].as_array().into_iter().flatten();
    let steps = steps.filter_map(|step| step["run"].as_str());
    let scripts = ["script", "after_script"].into_iter();
    let scripts = scripts.filter_map(|key| job[key].as_array()).flatten();
    let commands = steps.chain(scripts.filter_map(Value::as_str));
    let commands = commands.filter(|command| !command.contains("cargo install"));
    let commands: Vec<_> = commands.map(str::to_owned).collect();
    assert!(!commands.is_empty(), "{job}");
    commands
}

fn bash(lab: &Lab, job: &Value, command: &str) {
    let mut bash: Command = apart(lab);
    for variables in ["env", "variables"] {
        for (key, value) in job[variables].as_object().into_iter().flatten() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            bash.env(key, value);
        }
    }
    let command = command.replace("${{ matrix.suite }}", "api");
    bash.args(["bash", "-e", "-o", "pipefail", "-c", &command]);
    bash.env("SUITE", "api").env("HOME", lab.path());
    if bash.get_envs().any(|(key, _)| key == "NAME_MANAGER_SCOPE") {
        bash.env_remove("NAME_MANAGER_DIR")
            .env_remove("XDG_STATE_HOME");
    }
    let said = Said::of(bash.output().unwrap());
    assert_eq!(said.code, 0, "{command}: {said:?}");
}

#[test]
fn two_suites_at_once_in_one_job_have_two_databases() {
    for page in [GITHUB, GITLAB] {
        let Some(shop) = Shop::of(page) else { return };
        shop.script("test.sh", SUITE);
        let files = page::written_in("yaml", page);
        assert_eq!(files.len(), 3, "{page}: {files:?}");
        let Some(job) = job(&shop.lab, &files[1]) else {
            return;
        };
        for command in commands(&job) {
            bash(&shop.lab, &job, &command);
        }
        let told = ["./test.sh api", "./test.sh billing", "./test.sh search"];
        assert_eq!(shop.told(), told, "{page}");
        shop.check(told.len());
    }
}

#[test]
fn jobs_that_share_a_machine_have_a_database_each() {
    for page in [GITHUB, GITLAB] {
        let lab = Lab::new();
        let files = page::written_in("yaml", page);
        for file in [&files[0], &files[2]] {
            let Some(job) = job(&lab, file) else { return };
            let suite = "#!/bin/sh -e\ntest \"$1\" = api\necho \"$DATABASE_URL\" >>told\n";
            std::fs::write(lab.path().join("test.sh"), suite).unwrap();
            for command in commands(&job) {
                bash(&lab, &job, &format!("chmod +x test.sh; {command}"));
            }
        }
        let told = std::fs::read_to_string(lab.path().join("told")).unwrap();
        // Without name-manager nobody says which.
        assert_eq!(told, "\npostgres://localhost/db-0\n", "{page}");
    }
}
