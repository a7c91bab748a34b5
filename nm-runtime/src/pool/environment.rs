//! `set_env`: the variables of leases become those of the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::error::{Error, Result};
use crate::base::text::shown;
use crate::identity::alone;
use crate::lend::held;
use crate::lend::lease::Lease;
use crate::pool::opened::Opened;
use crate::terms::name::Name;

/// What has been set, and is not known to be out of date.
static SET: Mutex<Vec<Set>> = Mutex::new(Vec::new());

/// One variable of the process.
struct Set {
    variable: String,
    name: Name,
    lease: u64,
}

/// Variables to be set when their leases are granted.
#[must_use = "nothing is set before `set`"]
pub(crate) struct Setting {
    /// Each request's pool, if its variables are to be set.
    requests: Vec<Option<Arc<Opened>>>,
}

/// Checks what can be checked before anything is acquired.
pub(crate) fn check(requests: Vec<Option<Arc<Opened>>>) -> Result<Setting> {
    let mut variables = Variables::default();
    for pool in requests.iter().flatten() {
        if pool.config.env.is_empty() && pool.allocator()?.is_none() {
            let header = pool.config.header.as_deref();
            return Err(Error::config(format!(
                "`set_env` has nothing to set, since pool `{}` has no variables; write `env = {{ KEY = \"..{{name}}..\" }}` under {}",
                pool.name,
                header.unwrap_or("the pool's table"),
            )));
        }
        alone::check().map_err(|reason| refused(pool, &reason))?;
        for (key, _) in &*pool.config.env {
            variables.add(key, &pool.name, String::new())?;
        }
    }
    variables.refuse_held()?;
    Ok(Setting { requests })
}

/// The error of a process whose environment must not be changed.
fn refused(pool: &Opened, reason: &str) -> Error {
    let keys: Vec<_> = pool.config.env.iter().map(|(key, _)| shown(key)).collect();
    let variables = match keys.is_empty() {
        true => String::new(),
        false => format!(" ({})", keys.join(", ")),
    };
    let example = keys.first().map_or("KEY", |key| &**key);
    Error::config(format!(
        "cannot set the variables of pool `{}`{variables}: {reason}; or take the value from the lease, `lease.env(\"{example}\")`, and pass it to the code under test",
        pool.name
    ))
}

impl Setting {
    /// Sets the variables of these leases, by request.
    pub(crate) fn set(&self, by_request: &[Vec<Lease>]) -> Result<()> {
        let mut leases = Vec::new();
        for (pool, of_request) in self.requests.iter().zip(by_request) {
            if pool.is_some() {
                leases.extend(of_request);
            }
        }
        let mut variables = Variables::default();
        for lease in &leases {
            for (key, value) in lease.envs() {
                // An allocator may say anything.
                if key.is_empty() || key.contains(['=', '\0']) || value.contains('\0') {
                    return Err(Error::config(format!(
                        "pool `{}` gave `{lease}` the variable `{}={}`, which no environment can have: no NUL, and no `=` in its name",
                        lease.pool(),
                        shown(key),
                        shown(&value)
                    )));
                }
                variables.add(key, lease.pool(), value)?;
            }
        }
        variables.refuse_held()?;
        alone::set(variables.values()).map_err(|reason| {
            let pool = leases[0].pool();
            Error::config(format!(
                "cannot set the variables of pool `{pool}` any more: {reason}"
            ))
        })?;
        let mut set = lock();
        for lease in leases {
            for (key, _) in lease.envs() {
                set.push(Set {
                    variable: key.to_owned(),
                    name: lease.handle().clone(),
                    lease: lease.key(),
                });
            }
        }
        Ok(())
    }
}

/// Variables to be set.
#[derive(Default)]
struct Variables(Vec<Variable>);

struct Variable {
    key: String,
    pool: String,
    value: String,
}

impl Variables {
    /// Several values of one pool are separated by commas, as `name-manager run` does it.
    fn add(&mut self, key: &str, pool: &str, value: String) -> Result<()> {
        match self.0.iter_mut().find(|known| known.key == key) {
            None => self.0.push(Variable {
                key: key.to_owned(),
                pool: pool.to_owned(),
                value,
            }),
            Some(known) if known.pool == pool => {
                known.value.push(',');
                known.value.push_str(&value);
            }
            Some(known) => {
                return Err(Error::config(format!(
                    "pools `{}` and `{pool}` both set the variable `{}`; give it another name in one of them, or leave out one `set_env`",
                    known.pool,
                    shown(key)
                )));
            }
        }
        Ok(())
    }

    /// An error if one of them was set for a lease that is not over.
    fn refuse_held(&self) -> Result<()> {
        let mut set = lock();
        set.retain(|set| held::is_held(set.lease));
        let ours = |set: &&Set| self.0.iter().any(|ours| ours.key == set.variable);
        match set.iter().find(ours) {
            None => Ok(()),
            Some(set) => Err(Error::config(format!(
                "the variable `{}` is set for `{}` of pool `{}` as long as that is lent; leave out one `set_env`",
                shown(&set.variable),
                set.name,
                set.name.pool()
            ))),
        }
    }

    fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter();
        all.map(|variable| (variable.key.as_str(), variable.value.as_str()))
    }
}

fn lock() -> MutexGuard<'static, Vec<Set>> {
    // A panic while it is locked leaves only complete entries.
    SET.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(all: &[(&str, &str, &str)]) -> Result<Vec<(String, String)>> {
        let mut variables = Variables::default();
        for (key, pool, value) in all {
            variables.add(key, pool, (*value).to_owned())?;
        }
        let values = variables.values();
        Ok(values.map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
    }

    #[test]
    fn several_names_of_one_pool_are_separated_by_commas() {
        let [one, two] = ["db-0", "db-1"].map(|name| ("URL", "db", name));
        let set = variables(&[one, ("PORT", "mail", "25"), two]).unwrap();
        let expected = [("URL", "db-0,db-1"), ("PORT", "25")];
        assert_eq!(set, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn two_pools_cannot_set_one_variable() {
        let error = variables(&[("URL", "db", "a"), ("URL", "mail", "b")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "pools `db` and `mail` both set the variable `URL`; give it another name in one of them, or leave out one `set_env`"
        );
    }
}
