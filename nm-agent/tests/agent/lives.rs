//! Processes, agents and machines that end.
