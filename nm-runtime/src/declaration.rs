//! A pool's size as attributes say it, over all test binaries of one run.
//!
//! Where neither the environment nor `Cargo.toml` says how large a pool is, the
//! first binary whose attributes do writes it down for the run. A binary that
//! says something else is told so; one that says nothing goes by it.

use std::fs;
use std::io;

use nojson::{JsonParseError, RawJson};

use crate::config::{PoolConfig, SizeFrom, disagree};
use crate::error::Result;
use crate::identity;
use crate::names::Names;
use crate::record::FORMAT;
use crate::state_dir::{PoolDir, unusable};

const FILE: &str = "size.json";

/// Makes the configuration agree with what other binaries of this run said.
pub(crate) fn agree(pool: &str, config: &mut PoolConfig, dir: &PoolDir) -> Result<()> {
    if let SizeFrom::Configuration = config.size_from {
        return Ok(());
    }
    let path = dir.pool.path().join(FILE);
    let found = match fs::read_to_string(&path) {
        Ok(text) => Declaration::parse(&text).ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(unusable(&path, error)),
    };
    let run = identity::run()?;
    let theirs = found.filter(|declaration| declaration.run == run);
    match (&config.size_from, theirs) {
        (SizeFrom::Nowhere, Some(theirs)) => {
            config.names = theirs.names(&config.names);
            Ok(())
        }
        (SizeFrom::Attribute(place), Some(theirs)) => {
            let same = theirs.names(&config.names) == config.names;
            match same {
                true => Ok(()),
                false => Err(disagree(
                    pool,
                    &theirs.names(&config.names).size(),
                    &theirs.place,
                    &config.names.size(),
                    place,
                )),
            }
        }
        (SizeFrom::Attribute(place), None) => {
            let ours = Declaration::of(run, place, &config.names);
            // Written aside and moved into place: nobody reads half of it.
            let part = dir
                .pool
                .path()
                .join(format!("{FILE}.{}", std::process::id()));
            fs::write(&part, ours.json())
                .and_then(|()| fs::rename(&part, &path))
                .map_err(|error| unusable(&path, error))
        }
        (_, None) | (SizeFrom::Configuration, _) => Ok(()),
    }
}

struct Declaration {
    run: String,
    place: String,
    max: Option<u32>,
    names: Option<Vec<String>>,
}

impl Declaration {
    fn of(run: &str, place: &str, names: &Names) -> Self {
        let (max, names) = match names {
            Names::Listed(names) => (None, Some(names.clone())),
            Names::Numbered { max, .. } => (*max, None),
        };
        Self {
            run: run.to_owned(),
            place: place.to_owned(),
            max,
            names,
        }
    }

    /// The names that this makes of a pool with those.
    fn names(&self, of: &Names) -> Names {
        match (&self.names, of) {
            (Some(names), _) => Names::Listed(names.clone()),
            (None, Names::Numbered { template, .. }) => Names::Numbered {
                template: template.clone(),
                max: self.max,
            },
            // Theirs is a number where ours is a list: they cannot be the same.
            (None, Names::Listed(_)) => Names::Numbered {
                template: String::new(),
                max: self.max,
            },
        }
    }

    fn parse(text: &str) -> std::result::Result<Self, JsonParseError> {
        let json = RawJson::parse(text)?;
        let root = json.value();
        Ok(Self {
            run: root.to_member("run")?.required()?.try_into()?,
            place: root.to_member("place")?.required()?.try_into()?,
            max: root.to_member("max")?.required()?.try_into()?,
            names: root.to_member("names")?.required()?.try_into()?,
        })
    }

    fn json(&self) -> String {
        let text = nojson::object(|f| {
            f.member("v", FORMAT)?;
            f.member("run", &self.run)?;
            f.member("place", &self.place)?;
            f.member("max", self.max)?;
            f.member("names", &self.names)
        });
        text.to_string()
    }
}
