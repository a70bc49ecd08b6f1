//! Numbers as consoles and scripts read them: with their checks, and what is left to be done.

use serde::{Deserialize, Serialize};

use crate::domain::agents::assignment::AssignmentView;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::{Capabilities, Check, CheckResult, Connection, SetupTask};
use crate::domain::numbers::history::{ConnectionHistory, RoutingKind};
use crate::domain::numbers::life::{NumberEvent, Presence, Verb};
use crate::domain::numbers::setup::Setup;
use crate::domain::time::Timestamp;

/// Numbers that are connected, and those that are on their way or were given back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectionList {
    pub connected: Vec<ConnectionView>,
    pub others: Vec<Setup>,
    /// The history of those that are not connected any more.
    #[serde(default)]
    pub gone: Vec<(ConnectionId, ConnectionHistory)>,
}

impl ConnectionList {
    /// Whether the number that a setup is about is connected.
    pub fn presence(&self, setup: &Setup) -> Presence {
        match setup.connection_id {
            None => Presence::New,
            Some(id) if self.connected.iter().any(|row| row.connection.id == id) => Presence::Live,
            Some(_) => Presence::Gone,
        }
    }

    /// The history of the number that a setup is about, where it had one.
    pub fn history(&self, setup: &Setup) -> Option<&ConnectionHistory> {
        let id = setup.connection_id?;
        let gone = self.gone.iter().find(|(of, _)| *of == id).map(|(_, history)| history);
        gone.or_else(|| self.connected.iter().find(|row| row.connection.id == id).map(|row| &row.history))
    }

    /// Every connected number of an account at the provider.
    pub fn of_account<'l>(&'l self, account: &'l str) -> impl Iterator<Item = &'l ConnectionView> {
        self.connected.iter().filter(move |row| !account.is_empty() && row.connection.business_account_id == account)
    }

    /// What people can do with a setup, in the order in which it is offered.
    pub fn verbs(&self, setup: &Setup) -> Vec<Verb> {
        setup.verbs(self.presence(setup)).into_iter().filter_map(NumberEvent::verb).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionView {
    #[serde(flatten)]
    pub connection: Connection,
    #[serde(alias = "proofs")]
    pub checks: Vec<CheckResult>,
    pub capabilities: Capabilities,
    /// What has to be done so that it works here, in order.
    #[serde(default)]
    pub chores: Vec<SetupTask>,
    pub agent: Option<AssignmentView>,
    /// It sends where no connection is named.
    #[serde(default)]
    pub usual: bool,
    /// The version of the Graph API that its requests name, where they name one.
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
    /// What proves that this was done. An address that messages came to is on file, where nothing else is told of it.
    pub fn last_check(&self, chore: &SetupTask) -> Option<&CheckResult> {
        let of = |check| self.checks.iter().find(|result| result.check == check);
        let told = match chore.proof? {
            Check::Registration => of(Check::Registration).or_else(|| of(Check::Inbound)),
            check => of(check),
        };
        told.filter(|result| result.works)
    }

    /// When the outside proved last that it works; nothing where it never did.
    pub fn proved_at(&self) -> Option<Timestamp> {
        self.checks.iter().filter(|result| result.works && result.check.is_outside()).map(|result| result.at).max()
    }

    /// A check that can pass has not passed yet.
    pub fn to_be_done(&self) -> bool {
        self.chores.iter().any(|chore| chore.proof.is_some() && self.last_check(chore).is_none())
    }
}
