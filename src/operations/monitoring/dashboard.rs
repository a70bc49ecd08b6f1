//! The dashboard: counts, connections with their checks, and agents with their activity.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::agent::AgentConfig;
use crate::domain::agents::assignment::AssignmentView;
use crate::domain::agents::requests::{AgentView, AgentsView, StopScope};
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connected::{ConnectionList, ConnectionView};
use crate::domain::numbers::connection::Capabilities;
use crate::domain::numbers::history::{ConnectionHistory, DatedChange, RoutingKind};
use crate::domain::presence::Handed;
use crate::domain::view::Overview;
use crate::operations::{Result, System, unpoisoned};

/// A commit within this time shows that the database can be written.
const PROVEN_WITHIN: Duration = Duration::from_secs(10);

/// Returns the thread that was transferred to this person last, if it is still theirs.
async fn handed(system: &System, me: &str) -> Result<Option<Handed>> {
    let Some(handed) = unpoisoned(&system.shared.handed).get(me).cloned() else { return Ok(None) };
    // Looked up in all scopes; opening the thread switches to its scope.
    let row = system.everything().thread(handed.thread).await?;
    Ok(row.filter(|row| row.taken_by.as_deref() == Some(me)).map(|_| handed))
}

/// Returns the counts and the state of the engine; `me` is the person who looks.
pub(crate) async fn overview(system: &System, me: &str) -> Result<Overview> {
    // The database state must be current; a small write tests it if there was no recent commit.
    let _ = system.store().prove_writable(PROVEN_WITHIN).await;
    let database = system.store().trouble().map(|trouble| trouble.said());
    let unstored = crate::operations::monitoring::database_alerts::unstored_alert(system).is_some();
    let handed = handed(system, me).await?;
    let (counts, scope) = (system.store().counts().await?, system.scope());
    let (templates, templates_waiting, templates_fetched_at) = {
        let lists = system.template_lists().await?;
        // Numbers of one account share its templates, so each template counts once.
        let mut all: Vec<_> = lists.iter().flat_map(|list| &list.templates).collect();
        all.sort_by(|a, b| (&a.id, &a.name, &a.language).cmp(&(&b.id, &b.name, &b.language)));
        all.dedup_by(|a, b| a.id == b.id && a.name == b.name && a.language == b.language);
        let waiting = all.iter().filter(|one| !one.status.can_send()).count();
        (all.len(), waiting, lists.iter().filter_map(|list| list.fetched_at).min())
    };
    Ok(Overview {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        organization: scope.organization.clone().unwrap_or_else(|| system.identity().organization.clone()),
        environment: scope.environment.unwrap_or(system.identity().environment),
        scope,
        engine_started_at: system.started_at(),
        listening_on: system.listening_on(),
        graph_version: system.providers().all().iter().find_map(|one| one.graph_version()).map(str::to_owned),
        connections: counts.connections,
        connections_in_trouble: counts.connections_in_trouble,
        connections_proved: counts.connections_proved,
        threads: counts.threads,
        unread: counts.unread,
        waiting: counts.waiting,
        queued: counts.queued,
        held: counts.held,
        uncertain: counts.uncertain,
        scheduled: counts.scheduled,
        failed: counts.failed,
        oldest_queued_at: counts.oldest_queued_at,
        templates: u32::try_from(templates).unwrap_or(u32::MAX),
        templates_waiting: u32::try_from(templates_waiting).unwrap_or(u32::MAX),
        templates_fetched_at,
        agents: u32::try_from(system.agents().all().count()).unwrap_or(u32::MAX),
        runs_open: counts.runs_open,
        approvals: counts.approvals,
        stopped: counts.stopped,
        alerts: counts.alerts + u32::from(unstored),
        database,
        deliveries_pending: counts.deliveries_pending,
        deliveries_quarantined: counts.deliveries_quarantined,
        deliveries_unreadable: counts.deliveries_unreadable,
        deliveries_rejected: counts.deliveries_rejected,
        deliveries_repeated: system.repeated_webhooks(),
        last_delivery_at: counts.last_delivery_at,
        oldest_pending_at: counts.oldest_pending_at,
        ack_p95_ms: system.ack_p95(),
        sample: system.media_links().last().map(crate::operations::MediaLink::progress),
        setups: counts.setups,
        here: system.here(),
        colleagues: (system.parts.colleagues)(),
        handed,
        sets_up: system.providers().all().iter().filter(|one| one.numbers().is_some()).map(|one| one.name()).collect(),
    })
}

/// Returns connections with their checks and history, and open setups.
pub(crate) async fn connections(system: &System) -> Result<ConnectionList> {
    let store = system.store();
    let (checks, counts) = (store.checks().await?, store.connection_counts().await?);
    let assignments = store.assignments_of_numbers().await?;
    let stops = store.open_stops().await?;
    let silent = |agent: &str| {
        stops.iter().any(|stop| *stop == StopScope::All || matches!(stop, StopScope::Agent(name) if name == agent))
    };
    let mut changes: BTreeMap<ConnectionId, Vec<DatedChange>> = BTreeMap::new();
    for (id, change) in store.connection_changes().await? {
        changes.entry(id).or_default().push(change);
    }
    let now = system.now();
    let mut histories: BTreeMap<ConnectionId, ConnectionHistory> =
        changes.into_iter().map(|(id, changes)| (id, ConnectionHistory::of(changes, now))).collect();
    let connected: Vec<ConnectionView> = store
        .connections()
        .await?
        .into_iter()
        .map(|connection| {
            let id = connection.id;
            let [threads, unread, queued, failed] =
                counts.iter().find(|(of, _)| *of == id).map_or([0; 4], |(_, counts)| *counts);
            let in_force = assignments.iter().find(|assignment| assignment.connection == id);
            let kind = in_force.and_then(|one| system.agents().get(&one.agent)).map(|config| config.kind.name());
            ConnectionView {
                routing: match (in_force, kind) {
                    (None, _) => RoutingKind::None,
                    (Some(_), Some("workflow")) => RoutingKind::Workflow,
                    (Some(_), _) => RoutingKind::Native,
                },
                usual: system.providers().is_default_number(&connection),
                graph_version: system
                    .providers()
                    .get(&connection.provider)
                    .and_then(|provider| provider.graph_version())
                    .map(str::to_owned),
                history: histories.remove(&id).unwrap_or_default(),
                checks: checks.iter().filter(|(of, _)| *of == id).map(|(_, result)| result.clone()).collect(),
                capabilities: system
                    .providers()
                    .get(&connection.provider)
                    .map_or_else(Capabilities::default, |provider| provider.capabilities()),
                chores: system
                    .providers()
                    .get(&connection.provider)
                    .map(|one| one.setup_tasks(&connection))
                    .unwrap_or_default(),
                agent: in_force.map(|one| AssignmentView {
                    agent: one.agent.clone(),
                    mode: one.mode,
                    stopped: silent(&one.agent),
                    stale: one.stale_since.is_some(),
                }),
                threads,
                unread,
                queued,
                failed,
                connection,
            }
        })
        .collect();
    Ok(ConnectionList { connected, others: store.setups().await?, gone: histories.into_iter().collect() })
}

/// Returns agents with their activity of the last 24 hours, assignments, runs and active stops.
pub(crate) async fn agents(system: &System) -> Result<AgentsView> {
    let store = system.store();
    let since = system.now().minus(Duration::from_secs(24 * 3_600));
    let stops: Vec<_> = store.stops(20).await?.into_iter().filter(|stop| stop.lifted.is_none()).collect();
    let mut agents = vec![];
    for config in system.agents().all() {
        let tally = store.run_tally(&config.name, since).await?;
        agents.push(AgentView {
            name: config.name.clone(),
            kind: config.kind.name().to_owned(),
            last_run_at: tally.last.map(|(at, _)| at),
            last_run_state: tally.last.map(|(_, state)| state),
            runs_today: tally.runs,
            failures_today: tally.failed,
            held_today: tally.held,
            tokens_today: tally.tokens,
            cost_today: tally.cost,
            half_took_ms: tally.half_took_ms,
            digest: AgentConfig::digest(config),
            stopped: stops.iter().any(|stop| match &stop.what {
                StopScope::All => true,
                StopScope::Agent(name) => *name == config.name,
                StopScope::Thread(_) => false,
            }),
            rehearsed: store.golden_results(&config.name).await?,
        });
    }
    let (assignments, runs) = (store.assignments(100).await?, store.runs(None, 50, None).await?);
    Ok(AgentsView { agents, assignments, runs, stops })
}
