//! Which parameter belongs to which pool.

use crate::args::Args;
use crate::attribute::flatten;
use crate::mistakes::Mistakes;
use crate::signature::Parameter;
use proc_macro2::TokenStream;
use syn::Ident;
use syn::ext::IdentExt;

/// A function's parameters, shared out.
pub struct Parameters {
    /// Each with the index of the request that fills it.
    pub filled: Vec<(usize, Parameter)>,
    /// Left on the function for others to fill.
    pub kept: Vec<Parameter>,
}

impl Parameters {
    /// What no pool fills is a mistake.
    pub fn refuse_kept(&self, requests: &[&Args], mistakes: &mut Mistakes) {
        for parameter in &self.kept {
            if parameter.is_receiver() {
                mistakes.on(parameter, "a test has no receiver");
            } else {
                // As the user of a macro wrote it, not as the macro calls it.
                let pattern = flatten(parameter.pattern.clone());
                let pattern: TokenStream = pattern.into_iter().collect();
                mistakes.on(pattern, no_pool(parameter, requests));
            }
        }
    }

    /// After a mistake: the parameters that are not to reach rustc, which would
    /// complain about them once more.
    pub fn take_unfilled(&mut self, all: bool) -> Vec<Parameter> {
        let filled = self.filled.drain(..).map(|(_, parameter)| parameter);
        let mut unfilled: Vec<Parameter> = filled.collect();
        unfilled.extend(self.kept.extract_if(.., |parameter| {
            parameter.is_lease() || (all && !parameter.is_receiver() && parameter.ty.is_some())
        }));
        unfilled
    }
}

pub fn share_out(
    inputs: Vec<Parameter>,
    requests: &[&Args],
    function: &Ident,
    mistakes: &mut Mistakes,
) -> Parameters {
    let owners = owners(&inputs, requests, function, mistakes);
    let mut parameters = Parameters {
        filled: Vec::new(),
        kept: Vec::new(),
    };
    for (input, owner) in inputs.into_iter().zip(owners) {
        match owner {
            Some(owner) => {
                check_type(&input, requests[owner], mistakes);
                parameters.filled.push((owner, input));
            }
            None => parameters.kept.push(input),
        }
    }
    parameters
}

/// The parameters of a function that is no test: its callers fill them all.
pub fn keep_all(inputs: Vec<Parameter>, requests: &[&Args], mistakes: &mut Mistakes) -> Parameters {
    for request in requests {
        let (wanted, at) = match &request.arg {
            Some(arg) => (arg.unraw().to_string(), Some(arg.span())),
            None => (parameter_of(&pool(request)), None),
        };
        let meant = position(&wanted, &inputs).and_then(|at| inputs[at].ident());
        let Some(at) = at.or_else(|| meant.map(|ident| ident.span())) else {
            continue;
        };
        let pool = pool(request);
        mistakes.at(
            at,
            format!(
                "only the parameters of a test are filled, and only by a `#[shared_resource]` above its `#[test]`: move it there; elsewhere take the lease with `Pool::open(\"{pool}\")`, or give the parameter another name"
            ),
        );
    }
    Parameters {
        filled: Vec::new(),
        kept: inputs,
    }
}

/// Whether one of the parameters is the one that `arg` names.
pub fn exists(arg: &Ident, inputs: &[Parameter]) -> bool {
    position(&arg.unraw().to_string(), inputs).is_some()
}

fn position(wanted: &str, inputs: &[Parameter]) -> Option<usize> {
    inputs
        .iter()
        .position(|input| input.ident().is_some_and(|ident| bears(&ident, wanted)))
}

/// For each parameter the request that fills it.
fn owners(
    inputs: &[Parameter],
    requests: &[&Args],
    function: &Ident,
    mistakes: &mut Mistakes,
) -> Vec<Option<usize>> {
    let mut owners: Vec<Option<usize>> = vec![None; inputs.len()];
    let mut by_pool = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        let Some(arg) = &request.arg else {
            by_pool.push(index);
            continue;
        };
        match position(&arg.unraw().to_string(), inputs) {
            Some(parameter) => match owners[parameter] {
                None => owners[parameter] = Some(index),
                Some(other) => mistakes.at(
                    arg.span(),
                    format!(
                        "parameter `{arg}` is already filled by pool `{}`",
                        pool(requests[other])
                    ),
                ),
            },
            // On a module, `arg` counts for the tests that have such a parameter.
            None if request.inherited => by_pool.push(index),
            None => mistakes.at(arg.span(), no_parameter(arg, inputs, function)),
        }
    }
    for index in by_pool {
        if let Some(parameter) = position(&parameter_of(&pool(requests[index])), inputs)
            && owners[parameter].is_none()
        {
            owners[parameter] = Some(index);
        }
    }
    owners
}

/// `_db` bears the name `db`, so that it need not be used.
fn bears(ident: &Ident, wanted: &str) -> bool {
    let name = ident.unraw().to_string();
    name == wanted || name.strip_prefix('_') == Some(wanted)
}

fn pool(request: &Args) -> String {
    request
        .pool
        .as_ref()
        .map(|pool| pool.value())
        .unwrap_or_default()
}

fn parameter_of(pool: &str) -> String {
    pool.replace('-', "_")
}

fn no_parameter(arg: &Ident, inputs: &[Parameter], function: &Ident) -> String {
    let others: Vec<String> = inputs
        .iter()
        .filter_map(Parameter::ident)
        .map(|ident| format!("`{ident}`"))
        .collect();
    if others.is_empty() {
        format!("`{function}` has no parameter `{arg}`, nor any other")
    } else {
        format!(
            "`{function}` has no parameter `{arg}`; it has {}",
            others.join(", ")
        )
    }
}

fn no_pool(parameter: &Parameter, requests: &[&Args]) -> String {
    let pools: Vec<String> = requests
        .iter()
        .map(|request| pool(request))
        .map(|pool| match parameter_of(&pool) {
            parameter if parameter == pool => format!("`{pool}`"),
            parameter => format!("`{pool}` (parameter `{parameter}`)"),
        })
        .collect();
    let (noun, pools) = (
        if pools.len() == 1 {
            "pool here is"
        } else {
            "pools here are"
        },
        pools.join(", "),
    );
    match parameter.ident() {
        Some(ident) => format!(
            "no pool fills the parameter `{ident}`: the {noun} {pools}; give the parameter a pool's name, or write `arg = {ident}` in that pool's attribute"
        ),
        None => {
            format!("no pool fills this parameter: it must be one identifier; the {noun} {pools}")
        }
    }
}

fn check_type(parameter: &Parameter, request: &Args, mistakes: &mut Mistakes) {
    let many = match (&request.count, &request.all) {
        (Some(count), _) if count.value.0 > 1 => format!("count = {}", count.value.0),
        (_, Some(_)) => "all".to_owned(),
        _ => return,
    };
    if parameter.is_lease() {
        mistakes.on(
            &parameter.ty,
            format!("`{many}` lends several names: write `Vec<Lease>`"),
        );
    }
}
