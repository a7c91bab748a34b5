//! Servers that end, and connections that are cut.
