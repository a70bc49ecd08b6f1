//! Which organization and environment are shown. They never stand in one list unless that is asked for: every
//! question about more than one thing carries the scope, and answers to another one are not shown.

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

/// What a wish names; nothing where it leaves that open.
fn named<T>(pick: &Pick<T>) -> Option<&T> {
    match pick {
        Pick::One(wanted) => Some(wanted),
        Pick::Usual | Pick::All => None,
    }
}

impl Cx {
    /// Every organization and environment that has a number.
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

    /// What is shown now; nothing where everything is, or where there is no choice.
    pub fn shown(&self) -> Option<Shown> {
        let known = self.scopes_known();
        if self.shows_all {
            return None;
        }
        let wished = known.iter().filter(|one| self.is_wished(one));
        // Nothing else is shown in the place of what was asked for by name, though it has no number.
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

    /// Whether it is among what this console was started for.
    fn is_wished(&self, one: &Shown) -> bool {
        let wish = &self.settings.scope;
        named(&wish.organization).is_none_or(|wanted| *wanted == one.organization)
            && named(&wish.environment).is_none_or(|wanted| *wanted == one.environment)
    }

    /// Shows everything together where the console was started for that.
    pub fn begin_in_scope(&mut self) {
        let wish = &self.settings.scope;
        self.shows_all = wish.organization == Pick::All && wish.environment == Pick::All;
    }

    pub fn in_scope(&self, organization: &str, environment: Environment) -> bool {
        self.shown().is_none_or(|shown| shown.organization == organization && shown.environment == environment)
    }

    /// The environment that the header names: production wherever production is shown.
    pub fn environment_shown(&self) -> Option<Environment> {
        match self.shown() {
            Some(shown) => Some(shown.environment),
            None => {
                let any = self.scopes_known().iter().any(|one| one.environment == Environment::Production);
                let own = self.overview.as_ref().map(|told| told.environment);
                if any { Some(Environment::Production) } else { own }
            }
        }
    }

    /// A question, of what is shown. Numbers are asked for all together: they say what there is to show; and what is
    /// gone to by its name is found wherever it is, its scope being shown then.
    pub fn scoped(&self, query: Query) -> Query {
        match self.shown() {
            Some(shown) if query.is_of_many() && !matches!(query, Query::Connections | Query::FindThread { .. }) => {
                let scope = Scope::of(&shown.organization, shown.environment).into();
                Query::Within { scope, query: Box::new(query) }
            }
            _ => query,
        }
    }

    /// A request about everything that a filter finds, of what is shown.
    pub fn scoped_request(&self, request: Request) -> Request {
        match self.shown() {
            Some(shown) if request.is_of_many() => {
                let scope = Scope::of(&shown.organization, shown.environment).into();
                Request::Within { scope, request: Box::new(request) }
            }
            _ => request,
        }
    }

    /// Shows the scope of something that was reached from elsewhere, and says so. Returns `true` if another one is
    /// shown now.
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

    /// Shows the next one; after the last all together, which is asked for by that.
    pub fn next_scope(&mut self) {
        let known = self.scopes_known();
        let at = self.shown().and_then(|shown| known.iter().position(|one| *one == shown));
        match at {
            Some(at) if at + 1 < known.len() => {
                (self.chosen_scope, self.shows_all) = (Some(known[at + 1].clone()), false);
            }
            Some(_) => self.shows_all = true,
            None => (self.chosen_scope, self.shows_all) = (known.first().cloned(), false),
        }
        let said = match self.shown() {
            Some(shown) => format!("Switched to {} ({}).", shown.organization, shown.environment.name()),
            None => "Switched to all scopes: development and production together.".to_owned(),
        };
        self.notice(said, false);
    }

    /// Takes the numbers in. Says so when one that was being set up is connected, and returns what to ring with; never
    /// for what stood at the start.
    pub fn take_connections(&mut self, list: ConnectionList) -> Option<String> {
        let said = self.newly_connected(&list);
        if let Some(said) = &said {
            self.notice(said.clone(), false);
        }
        self.connections = Some(list);
        said
    }

    /// Takes what the engine says about itself in. Returns what to ring with: that there are more alerts than before,
    /// and what a colleague has transferred; never for what was there at the start.
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

    fn newly_handed(&self, now: &Overview) -> Option<String> {
        let before = self.overview.as_ref()?.handed.as_ref().map(|handed| handed.at);
        let handed = now.handed.as_ref().filter(|handed| before.is_none_or(|before| before < handed.at))?;
        let (by, contact) = (clean_line(&handed.by), clean_line(&handed.contact));
        Some(format!("{by} transferred {contact} ({}) to you.", handed.thread))
    }

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

    /// The number under the cursor of Connections, whichever pane is open.
    pub fn chosen_connection(&self) -> Option<&ConnectionView> {
        let chosen = self.chosen.as_ref()?;
        self.connected().find(|row| row.connection.id.to_string() == *chosen)
    }

    /// The account of the number that is chosen in Connections, where that is known.
    pub fn chosen_account(&self) -> Option<&str> {
        self.chosen_connection().map(|row| row.connection.business_account_id.as_str()).filter(|id| !id.is_empty())
    }

    /// The account that a number belongs to, where that is known.
    pub fn account_of(&self, connection: ConnectionId) -> Option<&str> {
        let row = self.connection(connection)?;
        Some(row.connection.business_account_id.as_str()).filter(|id| !id.is_empty())
    }

    /// Whether something of a number belongs to what is shown; what is not known does.
    pub fn shows_connection(&self, connection: ConnectionId) -> bool {
        let row = self.connection(connection).map(|row| &row.connection);
        row.is_none_or(|one| self.in_scope(&one.organization, one.environment))
    }

    /// The number whose account something new would belong to: that of `listed`, else the one that is chosen in
    /// Connections, else the first shown.
    pub fn account_for_new(&self, listed: Option<ConnectionId>) -> Option<ConnectionId> {
        let chosen = self.chosen_connection().map(|row| row.connection.id);
        let shown = match (listed, chosen) {
            // The same account: then it is the number that was chosen.
            (Some(list), Some(chosen)) if self.account_of(list) == self.account_of(chosen) => Some(chosen),
            (listed, chosen) => listed.or(chosen),
        };
        let list = self.connected().map(|row| &row.connection);
        let mut first = list.filter(|one| self.in_scope(&one.organization, one.environment)).map(|one| one.id);
        shown.or_else(|| first.next())
    }
}
