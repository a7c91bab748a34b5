//! One promise a file.

mod answered;
mod exclusion;
mod fences;
mod given;
mod idle;
mod life;
mod lost;
mod order;
mod pool_life;

use super::{Bounds, Story, Verdict};

type Rule = fn(&Story<'_>, Bounds, &mut Verdict);

pub(crate) const ALL: [Rule; 9] = [
    exclusion::check,
    given::check,
    fences::check,
    order::check,
    answered::check,
    idle::check,
    lost::check,
    life::check,
    pool_life::check,
];
