//! What messages cost, summed from what providers reported and the rate card.

use std::collections::{BTreeMap, HashMap};

use crate::domain::costs::category::Category;
use crate::domain::costs::charge::{Charge, Route, SentFacts};
use crate::domain::costs::sums::{CostsBy, CostsQuery, CostsView, SentMessage, Sums};
use crate::domain::costs::thread::ThreadCosts;
use crate::domain::ids::{ConnectionId, MessageId};
use crate::domain::numbers::connection::Connection;
use crate::domain::view::ThreadRow;
use crate::operations::{Result, System};
use crate::store::{BulkGroup, PricedMessage};

/// Messages that are read at once.
const PAGE: u32 = 5_000;

/// Sums up the messages of a period.
pub(crate) async fn costs(system: &System, query: CostsQuery) -> Result<CostsView> {
    let period = query.period(system.now());
    let book = Book::of(system).await?;
    let mut sums = Sums::new(query.by, &system.config().rates);
    let mut after = (period.0, MessageId(0));
    loop {
        let page = system.store().priced_messages(after, period.1, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = (last.sent_at, last.message);
        page.iter().filter_map(|sent| book.sent(sent)).for_each(|sent| sums.add(&sent));
        if page.len() < PAGE as usize {
            break;
        }
    }
    Ok(sums.finish(period))
}

/// Messages of one thread that are summed up at most.
const MAX_OF_THREAD: u32 = 500;

/// What a thread has cost and its next message would cost; `None` without a rate card.
pub(crate) async fn thread_costs(system: &System, row: &ThreadRow) -> Result<Option<Box<ThreadCosts>>> {
    let card = &system.config().rates;
    if card.is_empty() {
        return Ok(None);
    }
    let (book, now) = (Book::of(system).await?, system.now());
    let sent = system.store().priced_messages_of(row.id, MAX_OF_THREAD).await?;
    let mut sums = Sums::new(CostsBy::Number, card);
    sent.iter().filter_map(|sent| book.sent(sent)).for_each(|sent| sums.add(&sent));
    let windows = sent.iter().filter_map(|sent| sent.pricing.conversation.as_ref()).map(|told| &told.value);
    let free_until = windows.filter(|window| window.is_entry_point()).filter_map(|window| window.expires_at).max();
    let predict = |category| Some((category, book.route(row)?.predict(card, category, now, free_until)));
    let next = Category::ALL.into_iter().filter_map(|(_, category)| predict(category)).collect();
    Ok(Some(Box::new(ThreadCosts { sent: sums.into_total(), next, free_until })))
}

/// Our numbers, and the categories of their templates as they are known now.
pub(crate) struct Book {
    connections: HashMap<ConnectionId, Connection>,
    categories: BTreeMap<(ConnectionId, String), Category>,
}

impl Book {
    pub async fn of(system: &System) -> Result<Self> {
        let connections = system.store().connections().await?;
        let mut categories = BTreeMap::new();
        for (connection, list) in system.templates().iter() {
            for template in &list.templates {
                if let Some(category) = Category::from_name(template.category.as_received()) {
                    categories.insert((*connection, template.name.as_received().to_owned()), category);
                }
            }
        }
        Ok(Self { connections: connections.into_iter().map(|one| (one.id, one)).collect(), categories })
    }

    /// The category of a message: its template's, or `service`. `None` where the template is not known.
    pub fn category(&self, connection: ConnectionId, template: Option<&str>) -> Option<Category> {
        match template {
            None => Some(Category::Service),
            Some(name) => self.categories.get(&(connection, name.to_owned())).copied(),
        }
    }

    /// Who a message to a thread goes to; `None` over a number that is not here.
    fn route<'a>(&'a self, row: &'a ThreadRow) -> Option<Route<'a>> {
        let connection = self.connections.get(&row.connection_id)?;
        Some(Route { provider: &connection.provider, number: row.contact.phone_number.as_ref() })
    }

    /// What a template to a thread would cost, in words.
    pub fn of_templates(&self, system: &System, row: &ThreadRow) -> String {
        let Some(route) = self.route(row) else { return "cost not known (the number is disconnected)".to_owned() };
        let charge = |category| route.predict(&system.config().rates, category, system.now(), None);
        match (charge(Category::Utility), charge(Category::Marketing)) {
            (Charge::NotKnown { why }, Charge::NotKnown { .. }) => format!("cost not known ({why})"),
            (utility, marketing) => format!("utility {utility}, marketing {marketing}"),
        }
    }

    /// What an entry of the outbox would cost if it were sent now.
    pub fn of_entries(&self, system: &System, group: &BulkGroup) -> Charge {
        let Some((connection, template, number)) = &group.sends else {
            return Charge::NotKnown { why: "it is not known to whom it goes".to_owned() };
        };
        let known = self.connections.get(connection).zip(self.category(*connection, template.as_deref()));
        let Some((connection, category)) = known else {
            return Charge::NotKnown { why: "the template's category is not known".to_owned() };
        };
        let route = Route { provider: &connection.provider, number: number.as_ref() };
        route.predict(&system.config().rates, category, system.now(), None)
    }

    /// `None` for a message over a number that is not here.
    pub fn sent<'a>(&'a self, sent: &'a PricedMessage) -> Option<SentMessage<'a>> {
        let connection = self.connections.get(&sent.connection)?;
        Some(SentMessage {
            message: sent.message,
            thread: sent.thread,
            number: &connection.name,
            template: sent.template.as_deref(),
            facts: SentFacts {
                route: Route { provider: &connection.provider, number: sent.number.as_ref() },
                expected: self.category(sent.connection, sent.template.as_deref()),
                status: sent.status,
                pricing: &sent.pricing,
                sent_at: sent.sent_at,
            },
        })
    }
}
