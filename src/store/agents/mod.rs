//! Storage of assignments, runs, rehearsals and stops.

pub(crate) mod assignments;
pub(crate) mod due_runs;
pub(crate) mod golden;
pub(crate) mod identifiers;
pub(crate) mod rehearsals;
pub(crate) mod runs;
pub(crate) mod stops;
