//! Which organization and environment are shown. They never stand in one list unless that is asked for: every
//! question about more than one thing carries the scope, and answers to another one are not shown.

use crate::console::{Console, Effect, Focus, Pane};
use crate::domain::access::scope::Scope;
use crate::domain::access::scope_choice::Pick;
use crate::domain::ids::ThreadId;
use crate::domain::numbers::connected::{ConnectionList, ConnectionView};
use crate::domain::numbers::connection::Environment;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::templates::template::{Template, TemplateList};
use crate::domain::text::clean_line;
use crate::domain::view::ThreadRow;

/// One organization's environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown {
    pub organization: String,
    pub environment: Environment,
}

impl Shown {
    /// As it is said, in letters that a colour is not needed for.
    fn words(&self) -> String {
        format!("{} {}", self.environment.badge(), clean_line(&self.organization))
    }
}

/// What a wish names; nothing where it leaves that open.
fn named<T>(pick: &Pick<T>) -> Option<&T> {
    match pick {
        Pick::One(wanted) => Some(wanted),
        Pick::Usual | Pick::All => None,
    }
}

impl Console {
    /// Every organization and environment that has a number.
    pub(super) fn scopes_known(&self) -> Vec<Shown> {
        let Some(list) = &self.data.connections else { return vec![] };
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
    pub(super) fn shown(&self) -> Option<Shown> {
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
        self.shown.clone().or_else(|| {
            let (organization, environment) = self.data.own.as_ref()?;
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
    pub(super) fn begin_in_scope(&mut self) {
        let wish = &self.settings.scope;
        self.shows_all = wish.organization == Pick::All && wish.environment == Pick::All;
    }

    pub(super) fn in_scope(&self, organization: &str, environment: Environment) -> bool {
        self.shown().is_none_or(|shown| shown.organization == organization && shown.environment == environment)
    }

    /// The environment that the header names: production wherever production is shown.
    pub(super) fn environment_shown(&self) -> Option<Environment> {
        match self.shown() {
            Some(shown) => Some(shown.environment),
            None => {
                let any = self.scopes_known().iter().any(|one| one.environment == Environment::Production);
                let own = self.data.overview.as_ref().map(|told| told.environment);
                if any { Some(Environment::Production) } else { own }
            }
        }
    }

    /// A question, of what is shown. Numbers are asked for all together: they say what there is to show; and what is
    /// gone to by its name is found wherever it is, its scope being shown then.
    pub(super) fn scoped(&self, query: Query) -> Query {
        match self.shown() {
            Some(shown) if query.is_of_many() && !matches!(query, Query::Connections | Query::FindThread { .. }) => {
                let scope = Scope::of(&shown.organization, shown.environment).into();
                Query::Within { scope, query: Box::new(query) }
            }
            _ => query,
        }
    }

    /// A request about everything that a filter finds, of what is shown.
    pub(super) fn scoped_request(&self, request: Request) -> Request {
        match self.shown() {
            Some(shown) if request.is_of_many() => {
                let scope = Scope::of(&shown.organization, shown.environment).into();
                Request::Within { scope, request: Box::new(request) }
            }
            _ => request,
        }
    }

    /// Goes along with a thread that was reached from elsewhere: its scope is shown, and that is said.
    pub(super) fn follow_thread(&mut self, row: &ThreadRow) -> Vec<Effect> {
        self.follow_scope(&row.organization, row.environment, &row.id.to_string())
    }

    /// Shows the scope of something that was reached from elsewhere, and says so.
    pub(super) fn follow_scope(&mut self, organization: &str, environment: Environment, what: &str) -> Vec<Effect> {
        if organization.is_empty() || self.in_scope(organization, environment) {
            return vec![];
        }
        let to = Shown { organization: organization.to_owned(), environment };
        let said = format!("Switched to {}: {what} belongs to it.", to.words());
        (self.shown, self.shows_all) = (Some(to), false);
        self.notice(said, environment == Environment::Production);
        self.ask_anew()
    }

    /// The next one; after the last all together, which is asked for by that.
    pub(super) fn next_scope(&mut self) -> Vec<Effect> {
        let known = self.scopes_known();
        let at = self.shown().and_then(|shown| known.iter().position(|one| *one == shown));
        match at {
            Some(at) if at + 1 < known.len() => (self.shown, self.shows_all) = (Some(known[at + 1].clone()), false),
            Some(_) => self.shows_all = true,
            None => (self.shown, self.shows_all) = (known.first().cloned(), false),
        }
        let said = match self.shown() {
            Some(shown) => format!("Switched to {} ({}).", shown.organization, shown.environment.name()),
            None => "Switched to all scopes: development and production together.".to_owned(),
        };
        self.notice(said, false);
        self.ask_in_scope()
    }

    /// Lets go of what another scope showed, and asks for everything that lists and counts.
    pub(super) fn ask_in_scope(&mut self) -> Vec<Effect> {
        // What lay under the cursor of the list before is not gone after.
        if self.focus == Focus::List {
            self.open = None;
        }
        self.ask_anew()
    }

    fn ask_anew(&mut self) -> Vec<Effect> {
        let data = &mut self.data;
        (data.threads, data.outbox, data.agents, data.activity) = (None, None, None, None);
        (data.gauges, data.entry, data.delivery, data.templates) = (None, None, None, None);
        data.contacts.clear();
        data.found.clear();
        data.radar.clear();
        data.views.clear();
        data.jobs.clear();
        data.stops.clear();
        let mut effects = self.ask(Query::Connections);
        effects.extend(self.ask(Query::Overview));
        for pane in [Pane::Threads, Pane::Delivery, Pane::Templates, Pane::Agents, Pane::Flows, Pane::Activity] {
            effects.extend(self.ask(self.query_of(pane)));
        }
        effects
    }

    /// The thread that is open, or under the cursor, with the environment of its own number.
    pub(super) fn environment_at_hand(&self) -> Option<Environment> {
        let of_thread = |id: ThreadId| {
            let rows = self.data.threads.iter().flatten();
            rows.clone().find(|row| row.id == id).map(|row| row.environment)
        };
        let open = self.open.as_ref();
        let of_open = || open.and_then(|open| open.row.as_ref().map(|row| row.environment).or(of_thread(open.thread)));
        match self.pane {
            Pane::Connections => {
                self.selected_connection().map(|row| row.connection.environment).or_else(|| self.environment_shown())
            }
            Pane::Threads => of_open()
                .or_else(|| self.thread_at_hand().map(|row| row.environment))
                .or_else(|| self.environment_shown()),
            Pane::Delivery => {
                let name = self.selected_entry().map(|row| row.connection.clone());
                let list = self.data.connections.iter().flat_map(|list| &list.connected);
                let mut named = list.filter(|row| Some(&row.connection.name) == name.as_ref());
                named.next().map(|row| row.connection.environment).or_else(|| self.environment_shown())
            }
            _ => self.environment_shown(),
        }
    }

    /// The title of a form, led by the environment of what it is about where there is more than one.
    pub(super) fn form_title(&self, title: &str) -> String {
        match self.environment_at_hand().filter(|_| self.scopes_known().len() > 1) {
            Some(environment) => format!("{} {title}", environment.badge()),
            None => title.to_owned(),
        }
    }

    /// Lists that are shown for one environment alone are asked for anew when there comes to be a second.
    pub(super) fn take_connections(&mut self, list: ConnectionList) -> Vec<Effect> {
        let before = self.shown();
        let mut effects: Vec<Effect> = self.is_connected(&list).into_iter().collect();
        self.data.connections = Some(list);
        if before != self.shown() {
            effects.extend(self.ask_in_scope());
        }
        effects
    }

    /// Rings, and says so, when a number that was being set up is connected; never for what stood at the start.
    fn is_connected(&mut self, now: &ConnectionList) -> Option<Effect> {
        let before = self.data.connections.as_ref()?;
        let was_set_up = |row: &&ConnectionView| {
            let one = &row.connection;
            let same = |name: &str, organization: &str| name == one.name && organization == one.organization;
            let known = before.connected.iter().any(|old| old.connection.id == one.id);
            !known && before.others.iter().any(|setup| same(&setup.name, &setup.organization))
        };
        let row = now.connected.iter().find(was_set_up)?;
        let said = format!("{} is connected: {}.", clean_line(&row.connection.name), row.connection.phone_number);
        self.notice(said.clone(), false);
        Some(Effect::Ring(format!("wadeck: {said}")))
    }

    /// The templates of the scope shown that fit the filter, each once.
    pub(super) fn templates(&self) -> Vec<(&TemplateList, &Template)> {
        let filter = self.lists[Pane::Templates as usize].filter.to_lowercase();
        let mut seen: Vec<(&TemplateList, &Template)> = vec![];
        let shown = |list: &&TemplateList| {
            let known = self.data.connections.iter().flat_map(|known| &known.connected);
            let of = known.map(|row| &row.connection).find(|one| one.id == list.connection);
            of.is_none_or(|one| self.in_scope(&one.organization, one.environment))
        };
        // Those of the number that is chosen in Connections stand first.
        let chosen = self.chosen_account();
        let mut lists: Vec<&TemplateList> = self.data.templates.iter().flatten().filter(shown).collect();
        lists.sort_by_key(|list| chosen.is_some() && self.account_of(list.connection) != chosen);
        for list in lists {
            for template in &list.templates {
                let known = seen.iter().any(|(_, other)| other.id == template.id && !template.id.is_empty());
                if !known && template.fits(&filter) {
                    seen.push((list, template));
                }
            }
        }
        seen
    }

    /// The number under the cursor of Connections, whichever pane is open.
    pub(super) fn chosen_connection(&self) -> Option<&ConnectionView> {
        let chosen = self.lists[Pane::Connections as usize].selected.as_ref()?;
        let rows = self.data.connections.iter().flat_map(|list| &list.connected);
        rows.into_iter().find(|row| row.connection.id.to_string() == *chosen)
    }

    /// The account of the number that is chosen in Connections, where that is known.
    pub(super) fn chosen_account(&self) -> Option<&str> {
        self.chosen_connection().map(|row| row.connection.business_account_id.as_str()).filter(|id| !id.is_empty())
    }

    /// The account that a number belongs to, where that is known.
    pub(super) fn account_of(&self, connection: crate::domain::ids::ConnectionId) -> Option<&str> {
        let mut rows = self.data.connections.iter().flat_map(|list| &list.connected);
        let row = rows.find(|row| row.connection.id == connection)?;
        Some(row.connection.business_account_id.as_str()).filter(|id| !id.is_empty())
    }

    /// The number whose account a new template would belong to: that of the list, else the first shown.
    pub(super) fn template_account(&self) -> Option<crate::domain::ids::ConnectionId> {
        let shown = self.selected_template().map(|(list, _)| list.connection);
        let chosen = self.chosen_connection().map(|row| row.connection.id);
        let shown = match (shown, chosen) {
            // The same account: then it is the number that was chosen.
            (Some(list), Some(chosen)) if self.account_of(list) == self.account_of(chosen) => Some(chosen),
            (shown, chosen) => shown.or(chosen),
        };
        let list = self.data.connections.iter().flat_map(|list| &list.connected).map(|row| &row.connection);
        let mut first = list.filter(|one| self.in_scope(&one.organization, one.environment)).map(|one| one.id);
        shown.or_else(|| first.next())
    }
}
