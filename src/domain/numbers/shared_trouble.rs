//! Provider failures that affect many numbers and are reported in one alert.

use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connection::Connection;
use crate::domain::text::clean_line;

/// Number of names listed in a report; further numbers are counted.
const MAX_NAMED: usize = 3;

/// The numbers of one provider in one organization and environment.
#[derive(Debug)]
pub struct SharedTrouble<'c> {
    members: Vec<&'c Connection>,
    /// Subject of the alert about all of these numbers: the lowest connection id.
    pub subject: String,
}

impl<'c> SharedTrouble<'c> {
    /// Returns the numbers that share the provider with this one; none if it is no longer connected.
    pub fn of(connections: &'c [Connection], connection: ConnectionId) -> Self {
        Self::among(connections, connection, Connection::shares_provider_with)
    }

    /// Returns the numbers that also share the API key.
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

    /// Returns `true` if the number is one of these.
    pub fn includes(&self, connection: ConnectionId) -> bool {
        self.members.iter().any(|one| one.id == connection)
    }

    /// Names the affected numbers, such as `support`, or `5 numbers (support, sales, returns and 2 more)`.
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
