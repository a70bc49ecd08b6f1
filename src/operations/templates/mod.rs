//! Operations on templates and Flows at the provider.

pub(crate) mod flows;
pub(crate) mod refresh_templates;
pub(crate) mod requests;
