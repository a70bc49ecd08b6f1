//! Counters of the running engine, and the metrics for Prometheus.

mod acks;
pub(crate) mod lag;
mod scopes;

use std::collections::BTreeMap;

use crate::domain::monitoring::metrics::{Exposition, Kind, Labels, Times};
use crate::domain::numbers::connected::ConnectionView;
use crate::domain::numbers::connection::Check;
use crate::domain::time::Timestamp;
use crate::domain::view::Overview;
use crate::operations::monitoring::dashboard;
use crate::operations::{Result, System, unpoisoned};

/// Counters and durations since the engine's start.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    counts: BTreeMap<(MetricFamily, Labels), u64>,
    times: BTreeMap<(MetricFamily, Labels), Times>,
    /// Whether acknowledged deliveries are applied too late.
    pub(crate) late: bool,
}

/// What is counted or timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MetricFamily {
    Webhooks,
    RepeatedWebhooks,
    WebhookTimes,
    Attempts,
    AttemptTimes,
    Runs,
    RunTimes,
    EventDeliveries,
}

impl MetricFamily {
    const ALL: [Self; 8] = [
        Self::Webhooks,
        Self::RepeatedWebhooks,
        Self::WebhookTimes,
        Self::Attempts,
        Self::AttemptTimes,
        Self::Runs,
        Self::RunTimes,
        Self::EventDeliveries,
    ];

    const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Webhooks => ("wadeck_webhooks_total", "Webhooks received, by provider and result."),
            Self::RepeatedWebhooks => {
                ("wadeck_webhooks_repeated_total", "Repeated webhooks: answered and not applied again.")
            }
            Self::WebhookTimes => ("wadeck_webhook_seconds", "Time from the last byte of a webhook to its response."),
            Self::Attempts => ("wadeck_attempts_total", "Send attempts, by result and provider code."),
            Self::AttemptTimes => ("wadeck_attempt_seconds", "Response time of the provider to send attempts."),
            Self::Runs => ("wadeck_agent_runs_total", "Finished agent runs, by agent and result."),
            Self::RunTimes => ("wadeck_agent_run_seconds", "Response time of agents."),
            Self::EventDeliveries => {
                ("wadeck_events_delivered_total", "Events delivered to endpoints, by endpoint and result.")
            }
        }
    }

    const fn is_timed(self) -> bool {
        matches!(self, Self::WebhookTimes | Self::AttemptTimes | Self::RunTimes)
    }
}

impl System {
    /// Adds one to a counter.
    pub(crate) fn increment(&self, family: MetricFamily, labels: Labels) {
        self.counted_many(family, labels, 1);
    }

    /// Adds to a counter.
    pub(crate) fn counted_many(&self, family: MetricFamily, labels: Labels, times: u64) {
        *unpoisoned(&self.shared.meters).counts.entry((family, labels)).or_default() += times;
    }

    /// Returns the number of webhooks since the engine's start that were stored already.
    pub(crate) fn repeated_webhooks(&self) -> u64 {
        let key = (MetricFamily::RepeatedWebhooks, vec![]);
        unpoisoned(&self.shared.meters).counts.get(&key).copied().unwrap_or_default()
    }

    /// Records a duration.
    pub(crate) fn observe(&self, family: MetricFamily, labels: Labels, took: std::time::Duration) {
        unpoisoned(&self.shared.meters).times.entry((family, labels)).or_default().note(took.as_secs_f64());
    }
}

/// Returns all metrics in the Prometheus text format.
pub async fn metrics(system: &System) -> Result<String> {
    let told = dashboard::overview(system, "").await?;
    let connections = dashboard::connections(system).await?.connected;
    let (now, store) = (system.now(), system.store());
    let closing = store.windows_closing(now).await?;
    let (bytes, free) = store.room();
    let mut text = Exposition::default();
    let version = vec![("version", told.version.clone())];
    text.figures("wadeck_build_info", "Version of wadeck.", Kind::Gauge, &[(version, 1.0)]);
    text.gauge(
        "wadeck_start_time_seconds",
        "Start time of the engine, in Unix time.",
        told.engine_started_at.millis() as f64 / 1_000.0,
    );
    for (name, help, value) in [
        ("wadeck_threads", "Threads.", told.threads),
        ("wadeck_unread_messages", "Unread messages.", told.unread),
        ("wadeck_threads_waiting", "Threads waiting for a person.", told.waiting),
        ("wadeck_alerts_open", "Unacknowledged alerts.", told.alerts),
        ("wadeck_approvals_waiting", "Assignments waiting for an admin.", told.approvals),
        ("wadeck_agents_stopped", "Active stops of agents.", told.stopped),
        ("wadeck_agent_runs_open", "Agent runs in progress.", told.runs_open),
        ("wadeck_consoles", "Attached consoles.", system.consoles()),
        ("wadeck_templates_not_ready", "Templates that cannot be sent now.", told.templates_waiting),
    ] {
        text.gauge(name, help, f64::from(value));
    }
    add_counts_by_state(&mut text, &told, now);
    let lag = told.oldest_pending_at.map_or(0.0, |at| now.since(at).as_secs_f64());
    text.gauge("wadeck_apply_lag_seconds", "Age of the oldest webhook that is acknowledged but not applied.", lag);
    let silence = told.last_delivery_at.map_or(-1.0, |at| now.since(at).as_secs_f64());
    text.gauge("wadeck_last_delivery_seconds", "Time since the last webhook; -1 before the first.", silence);
    let windows: Vec<(Labels, f64)> =
        closing.iter().map(|(within, count)| (vec![("within", (*within).to_owned())], f64::from(*count))).collect();
    text.figures(
        "wadeck_windows_closing",
        "Threads whose service window closes within this time while the contact waits.",
        Kind::Gauge,
        &windows,
    );
    add_checks(&mut text, &connections);
    let works = f64::from(u8::from(told.database.is_none()));
    text.gauge("wadeck_database_works", "Whether the database can be written and is not damaged.", works);
    if let Some(head) = store.audit_head() {
        text.gauge("wadeck_audit_rows", "Number of the last audit row.", head.row.0 as f64);
        let labels = vec![("row", head.row.to_string()), ("digest", head.digest)];
        text.figures("wadeck_audit_head_info", "Last audit row with its digest.", Kind::Gauge, &[(labels, 1.0)]);
    }
    text.gauge("wadeck_database_bytes", "Size of the database with its write-ahead log.", bytes as f64);
    text.gauge("wadeck_disk_free_bytes", "Free space on its disk.", free as f64);
    scopes::add_scopes(system, &mut text).await?;
    add_families(&mut text, &unpoisoned(&system.shared.meters));
    Ok(text.text())
}

/// Adds the outbox and the webhook deliveries, counted by state.
fn add_counts_by_state(text: &mut Exposition, told: &Overview, now: Timestamp) {
    let by = |name: &'static str, values: &[(&str, u32)]| -> Vec<(Labels, f64)> {
        values.iter().map(|(value, count)| (vec![(name, (*value).to_owned())], f64::from(*count))).collect()
    };
    let outbox = by(
        "state",
        &[
            ("queued", told.queued),
            ("held", told.held),
            ("scheduled", told.scheduled),
            ("uncertain", told.uncertain),
            ("failed", told.failed),
        ],
    );
    text.figures("wadeck_outbox_entries", "Outbox entries, by state.", Kind::Gauge, &outbox);
    let oldest = told.oldest_queued_at.map_or(0.0, |at| now.since(at).as_secs_f64());
    text.gauge("wadeck_outbox_oldest_seconds", "Age of the oldest entry that is due and not held.", oldest);
    let deliveries = by(
        "state",
        &[
            ("pending", told.deliveries_pending),
            ("quarantined", told.deliveries_quarantined),
            ("unreadable", told.deliveries_unreadable),
            ("rejected", told.deliveries_rejected),
        ],
    );
    text.figures("wadeck_deliveries", "Webhook deliveries that are not applied, by state.", Kind::Gauge, &deliveries);
}

/// Adds the last result of each check of each connection.
fn add_checks(text: &mut Exposition, connections: &[ConnectionView]) {
    let mut checks = vec![];
    for row in connections {
        for result in &row.checks {
            let labels =
                vec![("connection", row.connection.name.clone()), ("check", Check::name(result.check).to_owned())];
            checks.push((labels, f64::from(u8::from(result.works))));
        }
    }
    text.figures("wadeck_check_works", "Whether the last result of a check was good.", Kind::Gauge, &checks);
}

/// Adds the counters and durations of the running engine.
fn add_families(text: &mut Exposition, meters: &Meters) {
    for family in MetricFamily::ALL {
        let (name, help) = family.name();
        if family.is_timed() {
            let samples: Vec<(Labels, Times)> = meters
                .times
                .iter()
                .filter(|((of, _), _)| *of == family)
                .map(|((_, labels), times)| (labels.clone(), times.clone()))
                .collect();
            text.times(name, help, &samples);
        } else {
            let samples: Vec<(Labels, f64)> = meters
                .counts
                .iter()
                .filter(|((of, _), _)| *of == family)
                .map(|((_, labels), count)| (labels.clone(), *count as f64))
                .collect();
            text.figures(name, help, Kind::Counter, &samples);
        }
    }
}
