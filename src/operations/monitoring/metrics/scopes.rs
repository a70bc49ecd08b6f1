//! Metrics by organization and environment.

use crate::domain::access::scope::Scope;
use crate::domain::monitoring::metrics::{Exposition, Kind, Labels};
use crate::operations::{Result, System};

/// Name, help text and samples.
type ScopeFamily = (&'static str, &'static str, Vec<(Labels, f64)>);

/// Maximum number of scopes in the metrics; more would amount to a list of customers.
const MOST: usize = 50;

/// Adds the metrics of each scope, with its organization and environment as labels.
pub(super) async fn add_scopes(system: &System, text: &mut Exposition) -> Result<()> {
    let mut families: [ScopeFamily; 6] = [
        ("wadeck_scope_threads", "Threads, by organization and environment.", vec![]),
        ("wadeck_scope_unread_messages", "Unread messages, by organization and environment.", vec![]),
        ("wadeck_scope_threads_waiting", "Threads waiting for a person, by organization and environment.", vec![]),
        ("wadeck_scope_outbox_queued", "Queued messages, by organization and environment.", vec![]),
        ("wadeck_scope_outbox_failed", "Failed messages, by organization and environment.", vec![]),
        ("wadeck_scope_alerts_open", "Unacknowledged alerts, by organization and environment.", vec![]),
    ];
    for (organization, environment) in system.store().scopes().await?.into_iter().take(MOST) {
        let seen = system.within(&Scope::of(&organization, environment)).await?;
        let counts = seen.store().counts().await?;
        let values = [counts.threads, counts.unread, counts.waiting, counts.queued, counts.failed, counts.alerts];
        for ((_, _, samples), value) in families.iter_mut().zip(values) {
            let labels = vec![("organization", organization.clone()), ("environment", environment.name().to_owned())];
            samples.push((labels, f64::from(value)));
        }
    }
    for (name, help, samples) in families {
        text.figures(name, help, Kind::Gauge, &samples);
    }
    Ok(())
}
