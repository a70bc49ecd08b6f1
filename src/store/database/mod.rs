//! The database file: opening, migrations, checks and health.

pub(crate) mod clock;
pub(crate) mod health;
pub(crate) mod inspect;
pub(in crate::store) mod migrations;
