use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::base::caller::Caller;
use crate::base::error::Result;
use crate::config::scope::Scope;
use crate::config::variables::Variables;
use crate::fuzz::shown;
use crate::terms::name;
use crate::terms::names::check_template;

/// Variables as `KEY=VALUE`, separated by NUL bytes.
pub(crate) fn variables(bytes: &[u8]) {
    let assignments = bytes.split(|byte| *byte == 0);
    let found = assignments.filter_map(|assignment| {
        let at = assignment.iter().position(|byte| *byte == b'=')?;
        let key = String::from_utf8(assignment[..at].to_vec()).ok()?;
        Some((key, OsString::from_vec(assignment[at + 1..].to_vec())))
    });
    let variables = match Variables::read(found) {
        Ok(variables) => variables,
        Err(error) => return drop(shown(&error)),
    };
    for pool in ["db", "db-main", "a_b", "0"] {
        ask(&variables, pool);
    }
    let mut variables = variables;
    let caller = Caller {
        dir: Some("/state".into()),
        ..Caller::default()
    };
    variables.yield_to(&caller).unwrap();
    let dir = Scope::Dir("/state".into());
    assert_eq!(variables.scope("db").unwrap(), Some(dir));
}

fn ask(variables: &Variables, pool: &str) {
    fn keep<T>(said: Result<Option<T>>) -> Option<T> {
        said.map_err(|error| shown(&error)).ok().flatten()
    }
    assert_ne!(keep(variables.max(pool)), Some(0));
    for name in keep(variables.names(pool)).into_iter().flatten() {
        name::check_name(&name).unwrap();
    }
    if let Some(template) = keep(variables.template(pool)) {
        check_template(&template).unwrap();
    }
    if let Some(wait) = keep(variables.wait_timeout(pool)) {
        let text = humantime::format_duration(wait).to_string();
        assert_eq!(humantime::parse_duration(&text), Ok(wait));
    }
    let _ = keep(variables.scope(pool));
}
