//! A finder: a list in front, narrowed by typing, from which one thing is picked.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::console::input::{MAX_LINE, TextField};
use crate::console::overlays::Overlay;
use crate::console::overlays::finder_kind::{Finder, FinderKind, Row};
use crate::console::overlays::form::FormKind;
use crate::console::overlays::picks::{EMOJI, KINDS};
use crate::console::{Console, Effect, PaneId, words};
use crate::domain::ids::{ContactId, MessageId, ThreadId};
use crate::domain::inbound::event::Direction;
use crate::domain::outbox::job::BulkAction;
use crate::domain::query::Query;
use crate::domain::request::Request;
use crate::domain::view::FoundMessage;

/// Rows that are asked for.
const ROWS: u32 = 50;

impl Console {
    pub(in crate::console) fn open_finder(&mut self, kind: FinderKind) -> Vec<Effect> {
        self.overlay = Some(Overlay::Finder(Finder { kind, typed: TextField::new("", MAX_LINE), at: 0 }));
        self.finder_asks()
    }

    /// What the finder has to be told, for what is typed now.
    pub(in crate::console) fn finder_asks(&mut self) -> Vec<Effect> {
        let Some(Overlay::Finder(finder)) = &self.overlay else { return vec![] };
        let text = finder.typed.text().to_owned();
        let query = match finder.kind {
            FinderKind::Contacts | FinderKind::Merge(_) => Query::Contacts { text, limit: ROWS },
            FinderKind::Search => Query::Search { text, limit: ROWS, before: None },
            FinderKind::Radar => Query::Radar { limit: ROWS },
            FinderKind::Views => Query::Views,
            FinderKind::Templates(_) => Query::Templates,
            FinderKind::Jobs => Query::Jobs,
            FinderKind::Here | FinderKind::HandOver(_) => Query::Overview,
            // The provider is asked once, not at each letter.
            FinderKind::Number(_) if !text.is_empty() => return vec![],
            FinderKind::Number(kind) => match self.number_finder_query(kind) {
                Some(query) => query,
                None => return vec![],
            },
            FinderKind::Emoji(_)
            | FinderKind::Kinds(_)
            | FinderKind::Bulk
            | FinderKind::StoppedJob(_)
            | FinderKind::Starters => return vec![],
            FinderKind::Flow(_) => Query::Flow(crate::domain::flow::FlowQuery::List),
            FinderKind::Agent(_) => Query::Agents,
        };
        self.ask(query)
    }

    /// The rows that fit what is typed, the best first.
    pub(in crate::console) fn finder_rows(&self, finder: &Finder) -> Vec<Row> {
        let asked_elsewhere = matches!(finder.kind, FinderKind::Contacts | FinderKind::Merge(_) | FinderKind::Search);
        let rows = self.all_rows(finder);
        if asked_elsewhere || finder.typed.text().trim().is_empty() {
            return rows;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(finder.typed.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = vec![];
        let mut scored: Vec<(u32, Row)> = rows
            .into_iter()
            .filter_map(|row| {
                let text = format!("{} {} {}", row.head, row.tail, row.right);
                Some((pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?, row))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, row)| row).collect()
    }

    fn all_rows(&self, finder: &Finder) -> Vec<Row> {
        match finder.kind {
            FinderKind::Templates(thread) => self.template_rows(thread),
            FinderKind::Number(kind) => self.number_finder_rows(kind),
            FinderKind::Starters => self.starter_rows(),
            FinderKind::Flow(kind) => self.flow_finder_rows(kind),
            FinderKind::Agent(kind) => self.agent_finder_rows(kind),
            FinderKind::Contacts | FinderKind::Merge(_) => {
                let other = if let FinderKind::Merge(own) = finder.kind { Some(own) } else { None };
                let rows = self.loaded.contacts.iter().filter(|row| Some(row.id) != other);
                rows.map(|row| {
                    let number = row.contact.phone_number.as_ref().map(ToString::to_string).unwrap_or_default();
                    let last = row.threads.first();
                    Row {
                        id: row.id.to_string(),
                        head: row.contact.shown(),
                        tail: format!("{number}  {}", row.wish()).trim_end().to_owned(),
                        right: last
                            .map(|(_, at, over)| format!("{over} {}", words::age(*at, self.cx.now)))
                            .unwrap_or_default(),
                        ..Row::default()
                    }
                })
                .collect()
            }
            FinderKind::Search => self
                .loaded
                .found
                .iter()
                .map(|FoundMessage { contact, message }| {
                    let way = if message.direction == Direction::Inbound { "←" } else { "→" };
                    let author = message.author.as_deref().map(crate::domain::text::clean_line).unwrap_or_default();
                    let age = words::age(message.created_at, self.cx.now);
                    Row {
                        id: message.id.to_string(),
                        head: format!("{way} {}", contact.shown()),
                        tail: message.text.line(),
                        right: format!("{author} {age}").trim_start().to_owned(),
                        warn: message.status.name() == "failed",
                        ..Row::default()
                    }
                })
                .collect(),
            FinderKind::Radar => self
                .loaded
                .radar
                .iter()
                .map(|row| {
                    let closes = row.thread.window_closes_at.unwrap_or(self.cx.now);
                    let owner =
                        row.owner.as_deref().map_or_else(|| "no owner".to_owned(), crate::domain::text::clean_line);
                    Row {
                        id: row.thread.id.to_string(),
                        head: format!("{:>6}  {}", words::left(closes, self.cx.now), row.thread.contact.shown()),
                        tail: format!("{owner}: {}", row.thread.last_text.line()),
                        right: row.thread.connection.clone(),
                        warn: closes.since(self.cx.now) < std::time::Duration::from_secs(3_600) && row.owner.is_none(),
                        ..Row::default()
                    }
                })
                .collect(),
            FinderKind::Views => self
                .loaded
                .views
                .iter()
                .map(|view| Row {
                    id: view.terms.clone(),
                    head: crate::domain::text::clean_line(&view.name),
                    tail: crate::domain::text::clean_line(&view.terms),
                    right: if view.count >= 1_000 { "999+".into() } else { view.count.to_string() },
                    ..Row::default()
                })
                .collect(),
            FinderKind::Emoji(_) => {
                let none = Row {
                    id: String::new(),
                    head: "none".into(),
                    tail: "removes the reaction".into(),
                    ..Row::default()
                };
                let rows = EMOJI.iter().map(|(emoji, name)| Row {
                    id: (*emoji).into(),
                    head: (*emoji).into(),
                    tail: (*name).into(),
                    ..Row::default()
                });
                rows.chain(std::iter::once(none)).collect()
            }
            FinderKind::Kinds(_) => KINDS
                .iter()
                .map(|(id, name, what)| Row {
                    id: (*id).into(),
                    head: (*name).into(),
                    tail: (*what).into(),
                    ..Row::default()
                })
                .collect(),
            FinderKind::Bulk => BulkAction::ALL
                .iter()
                .map(|action| Row {
                    id: action.name().into(),
                    head: action.name().into(),
                    tail: match action {
                        BulkAction::Retry => "sends failed and discarded messages again, in order",
                        BulkAction::Discard => "discards messages that have not been sent",
                        BulkAction::Hold => "holds queued messages",
                        BulkAction::Release => "releases held messages",
                        BulkAction::LookUp => "queries the provider about uncertain messages",
                        BulkAction::Arrived => "marks uncertain messages as arrived",
                    }
                    .into(),
                    ..Row::default()
                })
                .collect(),
            FinderKind::Here => self.here_rows(),
            FinderKind::HandOver(_) => self.colleague_rows(),
            FinderKind::StoppedJob(job) => self.stopped_job_rows(job),
            FinderKind::Jobs => self.job_rows(),
        }
    }

    /// Sendable ones first; the others with the reason.
    fn template_rows(&self, thread: ThreadId) -> Vec<Row> {
        let connection = self.panes.threads.row_of(thread).map(|row| row.connection_id);
        let mut rows = vec![];
        for list in self.panes.templates.lists.iter().flatten().filter(|list| Some(list.connection) == connection) {
            for template in &list.templates {
                let status = crate::domain::text::clean_line(template.status.name()).to_lowercase();
                rows.push(Row {
                    id: format!("{}/{}", template.name.as_received(), template.language.as_received()),
                    head: template.name.line(),
                    tail: template.body.line(),
                    right: format!("{} {}", template.language.line(), template.category.line().to_lowercase()),
                    off: (!template.status.can_send()).then(|| format!("It is {status}.")),
                    warn: false,
                });
            }
        }
        rows.sort_by_key(|row| row.off.is_some());
        rows
    }

    /// Does what the row under the cursor stands for.
    pub(in crate::console) fn finder_picks(&mut self) -> Vec<Effect> {
        let Some(Overlay::Finder(finder)) = &self.overlay else { return vec![] };
        let kind = finder.kind;
        let rows = self.finder_rows(finder);
        let Some(row) = rows.get(finder.at.min(rows.len().saturating_sub(1))).cloned() else { return vec![] };
        if let Some(why) = &row.off {
            self.cx.notice(why.clone(), true);
            return vec![];
        }
        self.overlay = None;
        match kind {
            FinderKind::Templates(thread) => self.pick_template(thread, &row.id),
            FinderKind::Number(kind) => self.number_picks(kind, &row),
            FinderKind::Starters => self.pick_starter(&row.id),
            FinderKind::Flow(kind) => self.flow_picks(kind, &row),
            FinderKind::Agent(kind) => self.agent_finder_picks(kind, &row),
            FinderKind::Contacts => {
                let found = self.loaded.contacts.iter().find(|one| one.id.to_string() == row.id);
                match found.and_then(|one| one.threads.first()).map(|(thread, ..)| *thread) {
                    Some(thread) => self.go_to_thread(thread),
                    None => {
                        self.cx.notice("This contact has no thread.", true);
                        vec![]
                    }
                }
            }
            FinderKind::Merge(keep) => {
                let Ok(gone) = row.id.parse::<ContactId>() else { return vec![] };
                let question = format!("Merge {} and {keep}? Splitting undoes it.", row.head);
                self.ask_first(question, Request::MergeContacts { keep, gone });
                vec![]
            }
            FinderKind::Search => match row.id.parse::<MessageId>() {
                Ok(message) => self.go_to_message(message),
                Err(_) => vec![],
            },
            FinderKind::HandOver(thread) => {
                // What was begun goes along: it is kept before the question.
                let question = format!("Transfer the thread to {}?", row.head);
                let effects = self.keep_drafts();
                self.ask_first(question, Request::HandOver { thread, to: row.id });
                effects
            }
            FinderKind::Here if row.id.is_empty() => vec![],
            FinderKind::Here | FinderKind::Radar => {
                row.id.parse().map(|thread| self.go_to_thread(thread)).unwrap_or_default()
            }
            FinderKind::Views if self.refuses_filter(&row.id) => vec![],
            FinderKind::Views => {
                let mut effects = self.open_pane(PaneId::Threads);
                self.list_mut().filter = row.id;
                effects.extend(self.narrowed());
                effects
            }
            FinderKind::Emoji(message) => {
                let emoji = Some(row.id).filter(|emoji| !emoji.is_empty());
                let question = match &emoji {
                    Some(emoji) => format!("React with {emoji}? The contact sees it."),
                    None => "Remove the reaction?".to_owned(),
                };
                self.ask_first(question, Request::React { message, emoji });
                vec![]
            }
            FinderKind::Kinds(thread) => {
                let reply_to = self
                    .panes
                    .threads
                    .composers
                    .get(&thread)
                    .and_then(|composer| composer.quote.as_ref())
                    .map(|(id, _)| *id);
                self.open_form(match row.id.as_str() {
                    "buttons" => FormKind::Buttons { thread },
                    "list" => FormKind::List { thread },
                    "link" => FormKind::Link { thread },
                    "place" => FormKind::Location { thread },
                    "ask" => FormKind::AskPlace { thread },
                    "card" => FormKind::Card { thread },
                    "catalogue" => FormKind::Catalogue { thread },
                    "products" => FormKind::Products { thread },
                    _ => FormKind::File { thread, reply_to },
                })
            }
            FinderKind::Bulk => match BulkAction::from_name(&row.id) {
                Some(action) => {
                    let text = self.panes.delivery.list.filter.clone();
                    self.ask(Query::Bulk { action, text })
                }
                None => vec![],
            },
            FinderKind::StoppedJob(job) => self.pick_for_stopped_job(job, &row.id),
            FinderKind::Jobs => self.pick_job(&row),
        }
    }

    fn pick_template(&mut self, thread: ThreadId, id: &str) -> Vec<Effect> {
        let Some(row) = self.panes.threads.row_of(thread) else { return vec![] };
        let Some(to) = row.contact.phone_number.clone() else {
            self.cx.notice("This contact has no phone number, and templates need one.", true);
            return vec![];
        };
        let connection = row.connection_id;
        let lists = self.panes.templates.lists.iter().flatten().filter(|list| list.connection == connection);
        let found = lists
            .flat_map(|list| &list.templates)
            .find(|one| format!("{}/{}", one.name.as_received(), one.language.as_received()) == id);
        match found.cloned() {
            Some(template) => self.open_form(FormKind::Template { connection, to, template: Box::new(template) }),
            None => vec![],
        }
    }
}
