//! Which organization and environment are shown. Items of several scopes are mixed only if the user selects all
//! scopes: every query about more than one item carries the scope, and answers to queries of another scope are
//! dropped.

use super::cx::Cx;
use super::shown::Shown;
use crate::domain::access::scope::Scope;
use crate::domain::access::scope_choice::Pick;
use crate::domain::ids::ConnectionId;
use crate::domain::numbers::connected::{ConnectionList, ConnectionView};
use crate::domain::numbers::connection::Environment;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::text::clean_line;
use crate::domain::view::Overview;

/// Returns the value that a choice names; `None` if it leaves the value open.
fn named<T>(pick: &Pick<T>) -> Option<&T> {
    match pick {
        Pick::One(wanted) => Some(wanted),
        Pick::Usual | Pick::All => None,
    }
}

impl Cx {
    /// Returns every organization and environment that has a number, sorted.
    pub fn scopes_known(&self) -> Vec<Shown> {
        let Some(list) = &self.connections else { return vec![] };
        let connected = list.connected.iter().map(|row| (&row.connection.organization, row.connection.environment));
        let others = list.others.iter().map(|setup| (&setup.organization, setup.environment));
        let mut known: Vec<Shown> = connected
            .chain(others)
            .map(|(organization, environment)| Shown { organization: organization.clone(), environment })
            .collect();
        known.sort();
        known.dedup();
        known
    }

    /// Returns the scope that is shown; `None` if all are shown or there is no choice.
    pub fn shown_scope(&self) -> Option<Shown> {
        let known = self.scopes_known();
        if self.shows_all {
            return None;
        }
        let wished = known.iter().filter(|one| self.matches_settings(one));
        // A scope that was requested by name is shown even if it has no number; no other scope replaces it.
        let choice = known.len() > 1 || (known.len() == 1 && wished.clone().next().is_none());
        if !choice {
            return None;
        }
        self.chosen_scope.clone().or_else(|| {
            let (organization, environment) = self.own.as_ref()?;
            let own = |one: &&Shown| one.organization == *organization;
            let found = wished
                .clone()
                .find(|one| own(one) && one.environment == *environment)
                .or_else(|| wished.clone().find(own))
                .or_else(|| wished.clone().next());
            found.cloned().or_else(|| {
                let wish = &self.settings.scope;
                Some(Shown {
                    organization: named(&wish.organization).unwrap_or(organization).clone(),
                    environment: *named(&wish.environment).unwrap_or(environment),
                })
            })
        })
    }

    /// Returns `true` once the connections and the engine's own scope are loaded, or if all scopes are shown.
    pub fn knows_scope(&self) -> bool {
        self.shows_all || (self.connections.is_some() && self.own.is_some())
    }

    /// Returns `true` for a query whose answer depends on the scope. The connections and the overview are excluded,
    /// because they define which scopes exist, and a thread opened by id, because the console then switches to its
    /// scope.
    pub fn needs_scope(query: &Query) -> bool {
        query.is_of_many() && !matches!(query, Query::Connections | Query::Overview | Query::FindThread { .. })
    }

    /// Returns `true` if the scope matches the settings that the console was started with.
    fn matches_settings(&self, one: &Shown) -> bool {
        let wish = &self.settings.scope;
        named(&wish.organization).is_none_or(|wanted| *wanted == one.organization)
            && named(&wish.environment).is_none_or(|wanted| *wanted == one.environment)
    }

    /// Shows all scopes together if the console was started with that setting.
    pub fn begin_in_scope(&mut self) {
        let wish = &self.settings.scope;
        self.shows_all = wish.organization == Pick::All && wish.environment == Pick::All;
    }

    /// Returns `true` if an organization and environment are shown.
    pub fn in_scope(&self, organization: &str, environment: Environment) -> bool {
        self.shown_scope().is_none_or(|shown| shown.organization == organization && shown.environment == environment)
    }

    /// Returns the environment that the header shows: production if any shown scope is production.
    pub fn environment_shown(&self) -> Option<Environment> {
        match self.shown_scope() {
            Some(shown) => Some(shown.environment),
            None => {
                let any = self.scopes_known().iter().any(|one| one.environment == Environment::Production);
                let own = self.overview.as_ref().map(|told| told.environment);
                if any { Some(Environment::Production) } else { own }
            }
        }
    }

    /// Restricts a query to the shown scope. Two queries are not restricted: the connections, because they define
    /// which scopes exist, and a thread opened by id, because the console then switches to its scope.
    pub fn scoped(&self, query: Query) -> Query {
        match self.shown_scope() {
            Some(shown) if query.is_of_many() && !matches!(query, Query::Connections | Query::FindThread { .. }) => {
                let scope = Scope::of(&shown.organization, shown.environment).into();
                Query::Within { scope, query: Box::new(query) }
            }
            _ => query,
        }
    }

    /// Restricts a bulk request to the shown scope.
    pub fn scoped_request(&self, request: Request) -> Request {
        match self.shown_scope() {
            Some(shown) if request.is_of_many() => {
                let scope = Scope::of(&shown.organization, shown.environment).into();
                Request::Within { scope, request: Box::new(request) }
            }
            _ => request,
        }
    }

    /// Switches to the scope of an item that was opened from elsewhere, with a notice. Returns `true` if the scope
    /// changed.
    pub fn follow_scope(&mut self, organization: &str, environment: Environment, what: &str) -> bool {
        if organization.is_empty() || self.in_scope(organization, environment) {
            return false;
        }
        let to = Shown { organization: organization.to_owned(), environment };
        let said = format!("Switched to {}: {what} belongs to it.", to.words());
        (self.chosen_scope, self.shows_all) = (Some(to), false);
        self.notice(said, environment == Environment::Production);
        true
    }

    /// Switches to the next scope; after the last one, to all scopes together.
    pub fn next_scope(&mut self) {
        let known = self.scopes_known();
        let at = self.shown_scope().and_then(|shown| known.iter().position(|one| *one == shown));
        match at {
            Some(at) if at + 1 < known.len() => {
                (self.chosen_scope, self.shows_all) = (Some(known[at + 1].clone()), false);
            }
            Some(_) => self.shows_all = true,
            None => (self.chosen_scope, self.shows_all) = (known.first().cloned(), false),
        }
        let said = match self.shown_scope() {
            Some(shown) => format!("Switched to {} ({}).", shown.organization, shown.environment.name()),
            None => "Switched to all scopes: development and production together.".to_owned(),
        };
        self.notice(said, false);
    }

    /// Stores the connections. If a number that was being set up is now connected, adds a notice and returns its
    /// text, for the terminal bell. The first call never reports one.
    pub fn take_connections(&mut self, list: ConnectionList) -> Option<String> {
        let said = self.newly_connected(&list);
        if let Some(said) = &said {
            self.notice(said.clone(), false);
        }
        self.connections = Some(list);
        said
    }

    /// Stores the overview. Returns messages for the terminal bell: more alerts than before, and threads that a
    /// colleague transferred. The first call returns none.
    pub fn take_overview(&mut self, now: Overview) -> Vec<String> {
        if now.scope.is_all() {
            self.own = Some((now.organization.clone(), now.environment));
        }
        let before = self.overview.as_ref().filter(|before| before.scope == now.scope);
        let alerts = before.filter(|before| now.alerts > before.alerts).map(|_| {
            let badge = now.environment.badge();
            format!("wadeck {badge}: open alerts: {}", now.alerts)
        });
        let handed = self.newly_handed(&now);
        if let Some(said) = &handed {
            self.notice(said.clone(), false);
        }
        self.overview = Some(now);
        alerts.into_iter().chain(handed.map(|said| format!("wadeck: {said}"))).collect()
    }

    /// Returns the notice for a thread that a colleague transferred to the user since the last overview.
    fn newly_handed(&self, now: &Overview) -> Option<String> {
        let before = self.overview.as_ref()?.handed.as_ref().map(|handed| handed.at);
        let handed = now.handed.as_ref().filter(|handed| before.is_none_or(|before| before < handed.at))?;
        let (by, contact) = (clean_line(&handed.by), clean_line(&handed.contact));
        Some(format!("{by} transferred {contact} ({}) to you.", handed.thread))
    }

    /// Returns the notice for a number whose setup has ended with a connection since the last list.
    fn newly_connected(&self, now: &ConnectionList) -> Option<String> {
        let before = self.connections.as_ref()?;
        let was_set_up = |row: &&ConnectionView| {
            let one = &row.connection;
            let same = |name: &str, organization: &str| name == one.name && organization == one.organization;
            let known = before.connected.iter().any(|old| old.connection.id == one.id);
            !known && before.others.iter().any(|setup| same(&setup.name, &setup.organization))
        };
        let row = now.connected.iter().find(was_set_up)?;
        Some(format!("{} is connected: {}.", clean_line(&row.connection.name), row.connection.phone_number))
    }

    /// Returns the selected connection of Connections, also while another pane is open.
    pub fn chosen_connection(&self) -> Option<&ConnectionView> {
        let chosen = self.chosen.as_ref()?;
        self.connected().find(|row| row.connection.id.to_string() == *chosen)
    }

    /// Returns the business account id of the selected connection; `None` if it is not known.
    pub fn chosen_account(&self) -> Option<&str> {
        self.chosen_connection().map(|row| row.connection.business_account_id.as_str()).filter(|id| !id.is_empty())
    }

    /// Returns the business account id of a number; `None` if it is not known.
    pub fn account_of(&self, connection: ConnectionId) -> Option<&str> {
        let row = self.connection(connection)?;
        Some(row.connection.business_account_id.as_str()).filter(|id| !id.is_empty())
    }

    /// Returns `true` if a number is in the shown scope, or if the number is not known.
    pub fn shows_connection(&self, connection: ConnectionId) -> bool {
        let row = self.connection(connection).map(|row| &row.connection);
        row.is_none_or(|one| self.in_scope(&one.organization, one.environment))
    }

    /// Returns the number whose account a new template or Flow is created in: that of `listed`, else the selected
    /// connection, else the first shown.
    pub fn account_for_new(&self, listed: Option<ConnectionId>) -> Option<ConnectionId> {
        let chosen = self.chosen_connection().map(|row| row.connection.id);
        let shown = match (listed, chosen) {
            // Both numbers have the same account, so the selected one is used.
            (Some(list), Some(chosen)) if self.account_of(list) == self.account_of(chosen) => Some(chosen),
            (listed, chosen) => listed.or(chosen),
        };
        let list = self.connected().map(|row| &row.connection);
        let mut first = list.filter(|one| self.in_scope(&one.organization, one.environment)).map(|one| one.id);
        shown.or_else(|| first.next())
    }
}
