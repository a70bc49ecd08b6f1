//! Translates a filter into SQL conditions on threads, entries or messages. Every value is bound.

use std::time::Duration;

use sqlx::{QueryBuilder, Sqlite};

use crate::domain::filter::{Filter, Is, StatusTerm, Term};
use crate::domain::inbound::event::Direction;
use crate::domain::message::status::DeliveryStatus;
use crate::domain::numbers::lookup::ConnectionName;
use crate::domain::outbox::entry::EntryState;
use crate::domain::time::Timestamp;
use crate::store::codec::folded;
use crate::store::search_text::escaped;
use crate::store::threads::unattended::push_unattended;

/// An entry is late if it is due for longer than this; `UNHEARD` applies to accepted messages without a status.
pub(super) const LATE: Duration = Duration::from_secs(300);
const UNHEARD: Duration = Duration::from_secs(3_600);

/// A filter with the person and time of the query.
#[derive(Debug, Clone, Copy)]
pub struct FilterQuery<'w> {
    pub filter: &'w Filter,
    pub me: &'w str,
    pub now: Timestamp,
}

/// What a filter applies to. Each target fixes the aliases of the joined tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FilterTarget {
    /// `t`, its connection `c`, contact `p`, last message `m` and assignment `g`.
    Threads,
    /// `o`, its message `m`, thread `t`, contact `p` and connection `c`.
    Entries,
    /// `m` alone; words are matched by the search index.
    Messages,
}

/// Adds ` AND …` for every term.
pub(super) fn push(query: &mut QueryBuilder<Sqlite>, wish: &FilterQuery<'_>, over: FilterTarget) {
    for term in &wish.filter.terms {
        match term {
            Term::Words(_) if over == FilterTarget::Messages => {}
            Term::Words(words) => {
                query.push(" AND ");
                push_words(query, words, over);
            }
            Term::NotWords(words) => {
                query.push(" AND NOT ");
                push_words(query, words, over);
            }
            Term::Status(status) => push_status(query, *status, over),
            Term::Direction(direction) => {
                query.push(" AND m.direction = ").push_bind(direction.name());
            }
            Term::Number(digits) => {
                let pattern = format!("%{digits}%");
                // Contacts are found first, in one pass over their addresses; their threads then by index.
                query.push(match over {
                    FilterTarget::Messages => {
                        " AND m.thread_id IN (SELECT nt.id FROM threads nt WHERE nt.contact_id IN ("
                    }
                    FilterTarget::Threads | FilterTarget::Entries => " AND t.contact_id IN (",
                });
                query.push("SELECT na.contact_id FROM addresses na WHERE na.kind = 'phone' AND na.value LIKE ");
                query.push_bind(pattern).push(if over == FilterTarget::Messages { "))" } else { ")" });
            }
            Term::Template(name) => {
                query.push(" AND m.kind = 'template' AND json_extract(m.content, '$.name') = ").push_bind(name.clone());
            }
            Term::Agent(name) if over == FilterTarget::Threads => {
                query.push(" AND g.agent = ").push_bind(name.clone());
            }
            Term::Agent(name) => {
                query.push(" AND m.author = ").push_bind(format!("agent {name}"));
            }
            Term::Author(name) => {
                query.push(" AND m.author = ").push_bind(name.clone());
            }
            Term::Connection(name) => push_named_connection(query, over, &ConnectionName::read(name)),
            Term::Environment(environment) => push_connections(query, over, "nc.environment", environment.name()),
            Term::Organization(name) => {
                push_connections(query, over, "lower(replace(nc.organization, ' ', '_'))", name);
            }
            Term::Kind(kind) => {
                query.push(" AND m.kind = ").push_bind(kind.clone());
            }
            Term::Code(code) => {
                query.push(" AND (json_extract(m.failure, '$.code') = ").push_bind(code.clone());
                if over == FilterTarget::Entries {
                    query.push(" OR json_extract(o.failure, '$.code') = ").push_bind(code.clone());
                }
                query.push(")");
            }
            Term::Label(label) => {
                let thread = if over == FilterTarget::Messages { "m.thread_id" } else { "t.id" };
                query.push(format!(
                    " AND EXISTS (SELECT 1 FROM thread_labels nl WHERE nl.thread_id = {thread} AND nl.label = "
                ));
                query.push_bind(label.clone()).push(")");
            }
            Term::Since(at) => {
                query.push(format!(" AND {} >= ", time_of(over))).push_bind(at.millis());
            }
            Term::Until(at) => {
                query.push(format!(" AND {} <= ", time_of(over))).push_bind(at.millis());
            }
            Term::Is(is) => push_is(query, *is, wish, over),
        }
    }
}

/// Adds the condition for a named connection as [`ConnectionName`] defines it: the best kind of match that any
/// connection has.
fn push_named_connection(query: &mut QueryBuilder<Sqlite>, over: FilterTarget, name: &ConnectionName) {
    let rank = |query: &mut QueryBuilder<Sqlite>, table: &str| {
        query.push(format!("CASE WHEN {table}.id = ")).push_bind(name.id.map_or(-1, |id| id.0));
        query.push(format!(" THEN 1 WHEN lower({table}.name) = ")).push_bind(name.text.clone());
        query.push(format!(" THEN 2 WHEN lower({table}.phone_number_id) = ")).push_bind(name.text.clone());
        query.push(format!(" THEN 3 WHEN {table}.phone_number = "));
        query.push_bind(name.digits.clone().unwrap_or_else(|| "-".to_owned())).push(" THEN 4 ELSE 9 END");
    };
    query.push(format!(" AND {} IN (SELECT nc.id FROM connections nc WHERE ", connection_of(over)));
    rank(query, "nc");
    query.push(" < 9 AND ");
    rank(query, "nc");
    query.push(" = (SELECT min(");
    rank(query, "nd");
    query.push(") FROM connections nd))");
}

const fn connection_of(over: FilterTarget) -> &'static str {
    match over {
        FilterTarget::Threads => "t.connection_id",
        FilterTarget::Entries => "o.connection_id",
        FilterTarget::Messages => "m.connection_id",
    }
}

fn push_connections(query: &mut QueryBuilder<Sqlite>, over: FilterTarget, what: &str, value: &str) {
    query.push(format!(" AND {} IN (SELECT nc.id FROM connections nc WHERE {what} = ", connection_of(over)));
    query.push_bind(value.to_owned()).push(")");
}

const fn time_of(over: FilterTarget) -> &'static str {
    match over {
        FilterTarget::Threads => "t.last_message_at",
        FilterTarget::Entries => "o.created_at",
        FilterTarget::Messages => "m.created_at",
    }
}

/// Returns the LIKE pattern for a name, a number or words.
pub(super) fn pattern(words: &str) -> String {
    format!("%{}%", escaped(&folded(&[words.trim().trim_start_matches('+')])))
}

fn push_words(query: &mut QueryBuilder<Sqlite>, words: &str, over: FilterTarget) {
    let pattern = pattern(words);
    let mut like = |column: &str, pattern: String| {
        query.push(format!("{column} LIKE ")).push_bind(pattern).push(" ESCAPE '\\'");
    };
    match over {
        FilterTarget::Threads => {
            like("(p.folded", pattern.clone());
            like(" OR lower(m.words)", pattern.clone());
            like(" OR lower(c.name)", pattern);
        }
        FilterTarget::Entries => {
            like("(p.folded", pattern.clone());
            like(" OR lower(m.words)", pattern.clone());
            like(" OR o.state", pattern);
        }
        FilterTarget::Messages => like("(lower(m.words)", pattern),
    }
    query.push(")");
}

fn push_status(query: &mut QueryBuilder<Sqlite>, status: StatusTerm, over: FilterTarget) {
    match (status, over) {
        (StatusTerm::Message(DeliveryStatus::Failed), FilterTarget::Entries) => {
            query.push(" AND (o.state IN ('failed', 'dead') OR (m.failed_at IS NOT NULL AND o.state = 'accepted'))");
        }
        (StatusTerm::Message(DeliveryStatus::Failed), _) => {
            query.push(" AND m.failed_at IS NOT NULL");
        }
        (StatusTerm::Message(status), _) => {
            query.push(" AND m.failed_at IS NULL AND m.progress = ").push_bind(status.name());
        }
        (StatusTerm::Entry(state), FilterTarget::Entries) => {
            query.push(" AND o.state = ").push_bind(state.name());
        }
        (StatusTerm::Entry(EntryState::Accepted), _) => {
            query.push(" AND m.progress = 'accepted'");
        }
        (StatusTerm::Entry(state), FilterTarget::Threads) => {
            query.push(" AND EXISTS (SELECT 1 FROM outbox no WHERE no.thread_id = t.id AND no.state = ");
            query.push_bind(state.name()).push(")");
        }
        (StatusTerm::Entry(state), FilterTarget::Messages) => {
            query.push(" AND EXISTS (SELECT 1 FROM outbox no WHERE no.message_id = m.id AND no.state = ");
            query.push_bind(state.name()).push(")");
        }
    }
}

fn push_is(query: &mut QueryBuilder<Sqlite>, is: Is, wish: &FilterQuery<'_>, over: FilterTarget) {
    let now = wish.now.millis();
    // For messages, the condition applies to their thread.
    let nested = over == FilterTarget::Messages;
    if nested && !matches!(is, Is::Test | Is::Held | Is::Late) {
        query.push(
            " AND EXISTS (SELECT 1 FROM threads t JOIN contacts p ON p.id = t.contact_id WHERE t.id = m.thread_id",
        );
    }
    match is {
        Is::Unread => {
            query.push(" AND t.unread > 0");
        }
        Is::Resolved => {
            query.push(" AND t.resolved_at IS NOT NULL");
        }
        Is::Unattended => push_unattended(query, wish.now),
        Is::Agent => {
            query.push(
                " AND t.waiting_since IS NULL AND t.resolved_at IS NULL AND t.snoozed_until IS NULL
                  AND (EXISTS (SELECT 1 FROM runs nr WHERE nr.thread_id = t.id AND nr.state IN ('scheduled', 'running'))
                    OR (SELECT nm.author FROM messages nm WHERE nm.id = t.last_message_id) LIKE 'agent %')",
            );
        }
        Is::Snoozed => {
            query.push(" AND t.snoozed_until IS NOT NULL");
        }
        Is::Unanswered => {
            query.push(" AND t.resolved_at IS NULL AND t.snoozed_until IS NULL");
            query.push(" AND (SELECT nm.direction FROM messages nm WHERE nm.id = t.last_message_id) = ");
            query.push_bind(Direction::Inbound.name());
        }
        Is::Mine => {
            query.push(" AND t.taken_by = ").push_bind(wish.me.to_owned());
        }
        Is::Waiting => {
            query.push(" AND t.waiting_since IS NOT NULL AND t.snoozed_until IS NULL");
        }
        Is::Open => {
            query.push(" AND t.window_closes_at > ").push_bind(now);
        }
        Is::Closed => {
            query.push(" AND coalesce(t.window_closes_at, 0) <= ").push_bind(now);
        }
        Is::OptedOut => {
            query.push(" AND p.opted_out = 1");
        }
        Is::New => {
            query.push(
                " AND t.new_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM messages nn WHERE nn.thread_id = t.id
                    AND nn.created_at >= t.new_at AND nn.direction = 'outbound')",
            );
        }
        Is::Test => {
            query.push(" AND m.test = 1");
        }
        Is::Held | Is::Late => {
            let entry = if over == FilterTarget::Entries { "o" } else { "no" };
            match over {
                FilterTarget::Entries => query.push(" AND ("),
                FilterTarget::Threads => {
                    query.push(" AND EXISTS (SELECT 1 FROM outbox no WHERE no.thread_id = t.id AND ")
                }
                FilterTarget::Messages => {
                    query.push(" AND EXISTS (SELECT 1 FROM outbox no WHERE no.message_id = m.id AND ")
                }
            };
            if is == Is::Held {
                query.push(format!("{entry}.state = 'queued' AND ({entry}.hold IS NOT NULL OR {entry}.not_before > "));
                query.push_bind(now).push("))");
            } else {
                push_late(query, entry, wish.now);
                query.push(")");
            }
        }
    }
    if nested && !matches!(is, Is::Test | Is::Held | Is::Late) {
        query.push(")");
    }
}

/// Adds the condition for late entries: due for too long, or accepted for an hour without a status.
pub(super) fn push_late(query: &mut QueryBuilder<Sqlite>, entry: &str, now: Timestamp) {
    query.push(format!("(({entry}.state = 'queued' AND {entry}.hold IS NULL AND {entry}.due_at < "));
    query.push_bind(now.minus(LATE).millis());
    // An entry behind another one of its thread is not late; the other one may be.
    query.push(format!(
        " AND NOT EXISTS (SELECT 1 FROM outbox lb WHERE lb.thread_id = {entry}.thread_id AND lb.id < {entry}.id
            AND lb.state IN ('queued', 'sending', 'uncertain'))"
    ));
    query.push(format!(") OR ({entry}.state = 'accepted' AND {entry}.settled_at < "));
    query.push_bind(now.minus(UNHEARD).millis());
    query.push(format!(
        " AND EXISTS (SELECT 1 FROM messages lm WHERE lm.id = {entry}.message_id AND lm.kind <> 'reaction'
          AND lm.failed_at IS NULL AND lm.progress IN ('accepted', 'sent'))))"
    ));
}
