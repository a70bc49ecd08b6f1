//! Replaces the SSH server in builds without the `ssh` feature: a configuration that enables SSH fails at startup.

use std::path::Path;
use std::sync::Arc;

use crate::app::{AppError, Engine, People};
use crate::config::Config;

/// Fails if the configuration enables SSH.
pub(super) async fn listen(
    _: &Engine,
    config: &Config,
    _: &Arc<People>,
    _: &Path,
    _: crate::api::Consoles,
) -> Result<(), AppError> {
    match &config.ssh.listen {
        None => Ok(()),
        Some(_) => Err(AppError::Other {
            what: "[ssh] listen is set, but this build of wadeck has no SSH (the `ssh` feature was left out).".into(),
            remedy: "Take [ssh] listen out of the configuration, or use a build with the `ssh` feature.".into(),
        }),
    }
}
