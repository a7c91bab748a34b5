//! What a test asks for whose attributes are those of serial_test: keys of this process.

use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use nm_words::request;

use crate::base::error::Result;
use crate::declared::test::TestSpec;
use crate::pool::key::{self, Key, Turn};
use crate::pool::{Pool, again};
use crate::terms::access::Access;

/// All that one attribute asks for, if they are keys of this process.
pub(crate) struct Keys {
    access: Access,
    /// In the order that all tests keep.
    keys: Vec<&'static Key>,
}

/// The keys that a test asks for. Most tests of a binary ask for the same, and to read what
/// they ask for would take longer than all the rest.
pub(crate) fn keys_of(spec: &'static TestSpec) -> Result<Option<&'static Keys>> {
    type Known = (&'static str, &'static str, Option<&'static Keys>);
    static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());

    if !request::is_for_own_names(spec.requests) {
        return Ok(None);
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    for (requests, dir, keys) in &*known {
        if *requests == spec.requests && *dir == spec.manifest_dir {
            return Ok(*keys);
        }
    }
    let asked: Vec<_> = spec.requests().collect();
    let keys = Keys::of(&asked, Some(spec.manifest_dir))?;
    let keys = keys.map(|keys| &*Box::leak(Box::new(keys)));
    known.push((spec.requests, spec.manifest_dir, keys));
    Ok(keys)
}

impl Keys {
    /// `None` if anything else is among what is asked for.
    pub(crate) fn of(
        asked: &[request::Request<'_>],
        compiled_in: Option<&'static str>,
    ) -> Result<Option<Self>> {
        let mut pools = Vec::with_capacity(asked.len());
        let mut keys = Vec::with_capacity(asked.len());
        for request in asked {
            if !request.own {
                return Ok(None);
            }
            let pool = Pool::open_for(request.pool, compiled_in)?;
            match Key::of(&pool.opened)? {
                // In order, so that no two tests wait for each other.
                Some(key) => {
                    let place = pools.partition_point(|pool| *pool <= request.pool);
                    pools.insert(place, request.pool);
                    keys.insert(place, key);
                }
                None => return Ok(None),
            }
        }
        Ok(Some(Self {
            access: match asked.iter().any(|request| request.shared) {
                true => Access::Shared,
                false => Access::Exclusive,
            },
            keys,
        }))
    }

    /// Waits for a turn of each.
    pub(crate) fn take(&self, place: &Location<'_>) -> Result<Turns> {
        Ok(match &self.keys[..] {
            [key] => Turns::One {
                _turn: key.take(self.access, place)?,
            },
            keys => {
                let mut turns = Vec::with_capacity(keys.len());
                for key in keys {
                    turns.push(key.take(self.access, place)?);
                }
                Turns::Several { _turns: turns }
            }
        })
    }
}

/// A turn of each key, until this drops.
#[derive(Debug)]
pub(crate) enum Turns {
    /// As most tests have it.
    One {
        _turn: Turn,
    },
    Several {
        _turns: Vec<Turn>,
    },
}

/// Whether this thread holds a name of the pool exclusively, and may have it again.
pub fn is_held(pool: &str) -> bool {
    again::is_held(pool) || key::is_held(pool)
}
