//! Forms for numbers, their webhooks and profiles.

pub(super) mod disconnect;
pub(super) mod profile;
pub(super) mod setup;
pub(super) mod webhook;
