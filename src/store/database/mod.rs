//! The database file itself: opened, checked, and its health.

pub(crate) mod clock;
pub(crate) mod health;
pub(crate) mod inspect;
pub(in crate::store) mod migrations;
