pub(crate) use std::fs::File as OpenFile;
