//! Connections as consoles and scripts read them: with their check results and remaining setup tasks.

use serde::{Deserialize, Serialize};

use crate::domain::agents::assignment::AssignmentView;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::{Capabilities, Check, CheckResult, Connection, SetupTask};
use crate::domain::numbers::history::{ConnectionHistory, RoutingKind};
use crate::domain::numbers::life::{NumberEvent, Presence, Verb};
use crate::domain::numbers::setup::Setup;
use crate::domain::time::Timestamp;

/// Connected numbers, and setups of numbers that are not connected yet or were disconnected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectionList {
    pub connected: Vec<ConnectionView>,
    pub others: Vec<Setup>,
    /// Connection histories of numbers that are no longer connected.
    #[serde(default)]
    pub gone: Vec<(ConnectionId, ConnectionHistory)>,
}

impl ConnectionList {
    /// Returns whether the number of a setup is connected, was connected, or never was.
    pub fn presence(&self, setup: &Setup) -> Presence {
        match setup.connection_id {
            None => Presence::New,
            Some(id) if self.connected.iter().any(|row| row.connection.id == id) => Presence::Live,
            Some(_) => Presence::Gone,
        }
    }

    /// Returns the history of a setup's number; `None` if it never had a connection.
    pub fn history(&self, setup: &Setup) -> Option<&ConnectionHistory> {
        let id = setup.connection_id?;
        let gone = self.gone.iter().find(|(of, _)| *of == id).map(|(_, history)| history);
        gone.or_else(|| self.connected.iter().find(|row| row.connection.id == id).map(|row| &row.history))
    }

    /// Returns the connected numbers of a business account. Yields none for an empty account id.
    pub fn of_account<'l>(&'l self, account: &'l str) -> impl Iterator<Item = &'l ConnectionView> {
        self.connected.iter().filter(move |row| !account.is_empty() && row.connection.business_account_id == account)
    }

    /// Returns the actions available for a setup, in display order.
    pub fn verbs(&self, setup: &Setup) -> Vec<Verb> {
        setup.verbs(self.presence(setup)).into_iter().filter_map(NumberEvent::verb).collect()
    }
}

/// A connection with its checks, setup tasks, agent and thread counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionView {
    #[serde(flatten)]
    pub connection: Connection,
    #[serde(alias = "proofs")]
    pub checks: Vec<CheckResult>,
    pub capabilities: Capabilities,
    /// Tasks that a person completes so that the number works, in order.
    #[serde(default)]
    pub chores: Vec<SetupTask>,
    pub agent: Option<AssignmentView>,
    /// This connection sends when a request names none.
    #[serde(default)]
    pub usual: bool,
    /// Graph API version that this connection's requests use; `None` if the provider has no versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph_version: Option<String>,
    #[serde(default)]
    pub routing: RoutingKind,
    #[serde(flatten)]
    pub history: ConnectionHistory,
    pub threads: u32,
    pub unread: u32,
    pub queued: u32,
    pub failed: u32,
}

impl ConnectionView {
    /// Returns the passed check that confirms a task, or `None`. A passed `Inbound` check also confirms the
    /// registration, because webhooks arrived at the registered address.
    pub fn last_check(&self, chore: &SetupTask) -> Option<&CheckResult> {
        let of = |check| self.checks.iter().find(|result| result.check == check);
        let told = match chore.proof? {
            Check::Registration => of(Check::Registration).or_else(|| of(Check::Inbound)),
            check => of(check),
        };
        told.filter(|result| result.works)
    }

    /// Returns when an outside check last passed; `None` if none ever did.
    pub fn proved_at(&self) -> Option<Timestamp> {
        self.checks.iter().filter(|result| result.works && result.check.is_outside()).map(|result| result.at).max()
    }

    /// Returns `true` if a task that has a check has not passed it yet.
    pub fn has_pending_tasks(&self) -> bool {
        self.chores.iter().any(|chore| chore.proof.is_some() && self.last_check(chore).is_none())
    }
}
