use nm_runtime::inspect::misspelt_placeholder;

/// `KEY=VALUE`, as an argument.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub key: String,
    pub value: String,
}

impl std::str::FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, _)) if key.is_empty() || key.contains('\0') => {
                Err("the variable has no name; expected KEY=VALUE".to_owned())
            }
            Some((key, value)) => match misspelt_placeholder(value) {
                None => Ok(Self {
                    key: key.to_owned(),
                    value: value.to_owned(),
                }),
                Some((found, meant)) => Err(format!(
                    "the value has the placeholder `{{{found}}}`; did you mean `{{{meant}}}`?"
                )),
            },
            None => Err("expected KEY=VALUE, where `{name}` stands for the name".to_owned()),
        }
    }
}
