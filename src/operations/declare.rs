//! Bring the database in line with what the configuration declares: connections, and the agents
//! that the file's owner has approved by writing them down.

use super::{Result, System};
use crate::domain::assignment::{AssignmentState, Mode};
use crate::domain::change::Change;
use crate::domain::connection::Connection;
use crate::domain::role::Actor;

/// One connection as the file declares it.
#[derive(Debug, Clone)]
pub struct Declared {
    /// Its id is given by the database.
    pub connection: Connection,
    pub agent: Option<(String, Mode)>,
}

/// Declares everything at once. Deliveries that waited for one of these numbers come back in line.
pub async fn declare(system: &System, declared: &[Declared]) -> Result<()> {
    let now = system.now();
    let actor = Actor::System;
    let mut write = system.store().write().await?;
    for one in declared {
        let Some(id) = write.put_connection(&one.connection, false).await? else {
            let name = &one.connection.name;
            tracing::warn!(name, "the file declares a connection that was disconnected from the console; it stays so");
            continue;
        };
        let before = write.approved_for_connection(id).await?.map(|row| row.assignment);
        match (&one.agent, before) {
            (Some((agent, mode)), Some(before)) if before.agent == *agent && before.mode == *mode => {}
            (Some((agent, mode)), before) => {
                if let Some(before) = before {
                    let reason = Some("the configuration file names another");
                    write.decide_assignment(before.id, AssignmentState::Revoked, "configuration", reason, now).await?;
                }
                let new = write.propose_assignment(id, agent, *mode, "configuration", true, now).await?;
                write.decide_assignment(new, AssignmentState::Approved, "configuration", None, now).await?;
                let detail = format!("{agent} answers {} ({}), declared in the file", one.connection.name, mode.name());
                write.audit(&actor, "approve", &new.to_string(), &detail, now).await?;
            }
            // What the file once approved and no longer names is over; what people approved stays.
            (None, Some(before)) if before.from_file => {
                let reason = Some("no longer in the configuration file");
                write.decide_assignment(before.id, AssignmentState::Revoked, "configuration", reason, now).await?;
            }
            (None, _) => {}
        }
    }
    let released = write.release_quarantine().await?;
    write.commit().await?;
    if released > 0 {
        tracing::info!(released, "quarantined deliveries are read again");
        system.wakes().applier.notify_one();
    }
    system.bus().publish([Change::Everything]);
    Ok(())
}
