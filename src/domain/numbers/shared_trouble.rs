//! Trouble that many numbers share, since it lies with their provider: told once for all that the same people see.

use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::Connection;
use crate::domain::text::clean_line;

/// So many numbers are named; the others are counted.
const MAX_NAMED: usize = 3;

/// The numbers of one provider in one organization and environment.
#[derive(Debug)]
pub struct SharedTrouble<'c> {
    members: Vec<&'c Connection>,
    /// What an alert about all of them is filed under: the first of them.
    pub subject: String,
}

impl<'c> SharedTrouble<'c> {
    /// Those that share the provider with this number; itself alone where it is not connected any more.
    pub fn of(connections: &'c [Connection], connection: ConnectionId) -> Self {
        Self::among(connections, connection, Connection::shares_provider_with)
    }

    /// Those of them that are reached with the same key.
    pub fn of_key(connections: &'c [Connection], connection: ConnectionId) -> Self {
        Self::among(connections, connection, |own, one| {
            own.shares_provider_with(one) && own.settings.api_key_env == one.settings.api_key_env
        })
    }

    fn among(
        connections: &'c [Connection],
        connection: ConnectionId,
        shares: impl Fn(&Connection, &Connection) -> bool,
    ) -> Self {
        let own = connections.iter().find(|one| one.id == connection);
        let members: Vec<&Connection> =
            connections.iter().filter(|one| own.is_some_and(|own| shares(own, one))).collect();
        let first = members.iter().map(|one| one.id).min_by_key(|id| id.0).unwrap_or(connection);
        Self { members, subject: first.to_string() }
    }

    /// Whether this number is one of them.
    pub fn includes(&self, connection: ConnectionId) -> bool {
        self.members.iter().any(|one| one.id == connection)
    }

    /// `support`, or `5 numbers (support, sales, returns and 2 more)`: those of them that are in trouble.
    pub fn numbers(&self, troubled: &[ConnectionId]) -> String {
        let named: Vec<String> =
            self.members.iter().filter(|one| troubled.contains(&one.id)).map(|one| clean_line(&one.name)).collect();
        match named.as_slice() {
            [] => "no number".to_owned(),
            [one] => one.clone(),
            many => {
                let first = many.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join(", ");
                let more = many.len().saturating_sub(MAX_NAMED);
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                format!("{} numbers ({first}{more})", many.len())
            }
        }
    }
}
