use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::executable;
use crate::lab::Lab;
use crate::skip;

/// What `nobody` says to a script; nothing where we cannot be `nobody`.
fn other(script: &str, arguments: &[&str]) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        skip::because("only root can be two users");
        return None;
    }
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args(["sh", "-c", script, "sh"])
        .args(arguments)
        .current_dir("/")
        .output()
        .unwrap();
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn a_keeper_is_no_business_of_other_users() {
    let lab = Lab::new();
    fs::set_permissions(lab.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // The user is careless, and so is the directory.
    fs::create_dir(lab.state()).unwrap();
    let mut acquire = lab.program("sh");
    acquire.args([
        "-c",
        "umask 0; exec name-manager acquire db --until-release",
    ]);
    assert!(acquire.output().unwrap().status.success());
    let keeper = lab.keepers("db", "db-0")[0].to_string();
    let keepers = lab.state().join("pools/db/keepers");
    for entry in fs::read_dir(&keepers).unwrap().flatten() {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
    let socket = fs::read_dir(&keepers)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "sock")
        })
        .unwrap();
    let bin = lab.path().join("name-manager");
    let ours = fs::File::open(env!("CARGO_BIN_EXE_name-manager")).unwrap();
    executable::write(&bin, ours);
    let script = r#"
        kill -TERM "$1" && echo KILLED
        cat "/proc/$1/environ" && echo READ
        ls "/proc/$1/fd" | grep . && echo LISTED
        ls "$2" && echo LISTED
        perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => shift)' "$3" && echo CONNECTED
        export NAME_MANAGER_DIR="$4" HOME=/nonexistent
        for command in "release --force db db-0" "acquire db --until-release" "try-acquire db" \
            "reset --force db" "status db" "log"; do
            "$5" $command && echo "DONE $command"
        done"#;
    let state = lab.state();
    let arguments = [
        keeper.as_str(),
        keepers.to_str().unwrap(),
        socket.to_str().unwrap(),
        state.to_str().unwrap(),
        bin.to_str().unwrap(),
    ];
    let Some(said) = other(script, &arguments) else {
        return;
    };
    for done in [
        "KILLED",
        "READ",
        "LISTED",
        "CONNECTED",
        "DONE acq",
        "DONE try",
        "DONE rel",
        "DONE res",
    ] {
        assert!(!said.contains(done), "{done}: {said}");
    }
    assert!(said.contains("belongs to another user"), "{said}");
    assert!(!said.contains("held by"), "{said}");
    lab.assert_held("db", "db-0");
}
