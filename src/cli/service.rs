//! systemd integration: readiness notifications, socket activation and the watchdog. Does nothing outside systemd.

use sd_notify::NotifyState;

use crate::operations::{System, prove_writable};

fn notify_service(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "Cannot notify the service manager");
    }
}

/// Returns the first socket passed by socket activation; `None` without it.
pub(super) fn port() -> Option<std::net::TcpListener> {
    listenfd::ListenFd::from_env().take_tcp_listener(0).ok().flatten()
}

pub(super) fn ready() {
    notify_service(&[NotifyState::Ready, NotifyState::Status("receives webhooks")]);
}

pub(super) fn reloading() {
    notify_service(&[NotifyState::Status("users reloaded")]);
}

pub(super) fn stopping() {
    notify_service(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

/// Feeds the watchdog while the database can be written, so that systemd restarts an engine that hangs.
pub(super) async fn watchdog(system: System) {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let mut beat = tokio::time::interval(patience / 3);
    let mut well = true;
    loop {
        beat.tick().await;
        match prove_writable(&system).await {
            Ok(()) if well => notify_service(&[NotifyState::Watchdog]),
            Ok(()) => {
                well = true;
                notify_service(&[NotifyState::Watchdog, NotifyState::Status("receives webhooks")]);
            }
            Err(trouble) => {
                well = false;
                tracing::error!(error = trouble.reason(), "Watchdog not notified: the engine is not ready");
                notify_service(&[NotifyState::Status(&format!("cannot accept webhooks: {}", trouble.reason()))]);
            }
        }
    }
}
