//! Runs the configured alert command for each new alert, within an hourly limit. Texts are passed in the environment,
//! never through a shell.

use std::process::Stdio;
use std::time::Duration;

use crate::domain::view::AlertView;
use crate::operations::{Result, System};

/// Maximum duration of the alert command; after it the command is killed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the alert command for open alerts that it was not run for, within the hourly limit.
pub(crate) async fn run_alert_commands(system: &System) -> Result<()> {
    let Some((program, arguments)) = system.config().alert_command.split_first() else { return Ok(()) };
    let now = system.now();
    let told = system.store().alerts_told_since(now.minus(Duration::from_secs(3_600))).await?;
    let room = system.config().alerts_per_hour.saturating_sub(told);
    for (id, kind, subject, said) in system.store().alerts_to_notify(room).await? {
        let mut write = system.store().write().await?;
        write.mark_notified(id, now).await?;
        write.commit().await?;
        run(program, arguments, (&id.to_string(), &kind, &subject, &said)).await;
    }
    Ok(())
}

/// Runs the alert command for an alert that the database cannot store. It does not count against the hourly limit,
/// because each problem raises only one.
pub(crate) async fn notify_unstored_alert(system: &System, alert: &AlertView) {
    let Some((program, arguments)) = system.config().alert_command.split_first() else { return };
    run(program, arguments, (&alert.id.to_string(), &alert.kind, &alert.subject, alert.said.as_received())).await;
}

async fn run(program: &str, arguments: &[String], (id, kind, subject, said): (&str, &str, &str, &str)) {
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .env("WADECK_ALERT_ID", id)
        .env("WADECK_ALERT_KIND", kind)
        .env("WADECK_ALERT_SUBJECT", crate::domain::text::clean_line(subject))
        .env("WADECK_ALERT_TEXT", crate::domain::text::clean_line(said))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let ended = async { crate::agent::start(&mut command)?.wait().await };
    match tokio::time::timeout(PATIENCE, ended).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::warn!(%status, program, "Alert command failed"),
        Ok(Err(error)) => tracing::warn!(%error, program, "Cannot start the alert command"),
        Err(_) => tracing::warn!(program, "Alert command timed out"),
    }
}
