//! Where `/proc` is not mounted.

use std::process::Command;

use crate::lab::{Lab, Running, Said};
use crate::skip;

struct NoProc(Lab);

impl NoProc {
    fn new() -> Option<Self> {
        let this = Self(Lab::new());
        match this.command("true").status() {
            Ok(status) if status.success() => Some(this),
            _ => {
                skip::because("`unshare --mount` needs root");
                None
            }
        }
    }

    fn command(&self, script: &str) -> Command {
        let mut command = self.0.program("unshare");
        let script =
            format!("mount -t tmpfs none /proc && test ! -e /proc/self && {{ {script}\n}}");
        command.args(["--mount", "sh", "-c", &script]);
        command
    }

    fn run(&self, script: &str) -> Said {
        Said::of(self.command(script).output().unwrap())
    }
}

#[test]
fn commands_do_without_proc() {
    let Some(lab) = NoProc::new() else { return };
    assert_eq!(
        lab.run("name-manager run db -- echo {name}").answer(),
        "db-0\n"
    );
    let said = lab.run("name-manager run db -- sh -c 'exit 3'");
    assert_eq!(said.code, 3, "{said:?}");
    // One that never ran has used nothing.
    assert_eq!(lab.run("name-manager run db -- true").code, 0);
    let said = lab.run("name-manager run db -- /no/such/program");
    assert_eq!(said.code, 127, "{said:?}");
    assert!(
        said.err.contains("failed to run `/no/such/program`"),
        "{said:?}"
    );
    let status = lab.0.run(&["status"]).answer();
    assert!(status.contains("db-0  free"), "{status}");
    assert_eq!(
        lab.run("name-manager acquire db --until-release --token-file token; NAME_MANAGER_TOKEN=$(cat token) name-manager release db db-0").answer(),
        "db-0\n"
    );
    let mut hold = Running::new(&mut lab.command("exec name-manager hold db"));
    assert_eq!(hold.line(), "db-0");
    lab.0.assert_held("db", "db-0");
    hold.end_input();
    assert_eq!(hold.code(), 0);
}

#[test]
fn a_lease_ends_with_its_shell_without_proc() {
    let Some(lab) = NoProc::new() else { return };
    let mut shell = Running::new(&mut lab.command("name-manager acquire db; read line"));
    assert_eq!(shell.line(), "db-0");
    lab.0.assert_held("db", "db-0");
    shell.end_input();
    shell.code();
    let last = lab.0.wait_until_free("db", "db-0");
    assert!(last.detail.unwrap().contains("ended without releasing it"));
}
