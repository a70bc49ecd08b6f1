//! The command palette: lists the commands that are valid here, and threads and connections by name; typing filters
//! it.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::boxed::{centred, draw_box, draw_prompt};
use crate::console::command::CommandSpec;
use crate::console::commands::all;
use crate::console::cx::Cx;
use crate::console::draw::put::put;
use crate::console::input::{KeyCode, MAX_LINE, TextField, Typed};
use crate::console::intent::{Intent, Overlay};
use crate::console::scene::{Press, Scene};
use crate::console::user_error::UserError;
use crate::console::words;
use crate::domain::contacts::thread_name::ThreadName;
use crate::domain::ids::{AlertId, AssignmentId, ConnectionId, ContactId, DeliveryId, EntryId, MessageId, RunId};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::lookup::find_connection;
use crate::domain::query::Query;
use crate::domain::text::clean_line;

/// The command palette.
#[derive(Debug)]
pub(in crate::console) struct Palette {
    typed: TextField,
    at: usize,
    /// Whether commands are matched by title and id alone.
    all: bool,
}

/// A target of the palette other than a command.
enum Destination {
    /// A thread, as it was typed.
    Thread(String),
    Connection(ConnectionId, String),
    /// A message, or that of an outbox entry, in its thread.
    Message(MessageId),
    Entry(EntryId),
    /// Something that has no place in a thread: it is explained.
    Explained(&'static str, String),
}

impl Destination {
    fn words(&self) -> String {
        match self {
            Self::Thread(text) => format!("Go to thread {}", clean_line(text)),
            Self::Connection(id, name) => format!("Go to connection {} ({id})", clean_line(name)),
            Self::Message(id) => format!("Go to message {id} in its thread"),
            Self::Entry(id) => format!("Go to the message of outbox entry {id}"),
            Self::Explained(kind, id) => format!("Explain {kind} {id}"),
        }
    }

    /// Returns the intent that opens the destination. A thread opens after the engine has found it.
    fn go(self) -> Intent {
        match self {
            Self::Thread(text) => Intent::Await(Query::FindThread { text, connection: None }, None),
            Self::Connection(id, _) => Intent::GoToConnection(id),
            Self::Message(message) => Intent::Await(Query::Message { message }, None),
            Self::Entry(entry) => Intent::Await(Query::Entry { entry }, None),
            Self::Explained(_, id) => Intent::Ask(Query::Why { id }),
        }
    }
}

/// Returns the destination that the text names: a connection by any of its names, else a thread by its id or its
/// contact's number.
fn destination(cx: &Cx, typed: &str) -> Option<Destination> {
    let typed = typed.trim();
    let connections: Vec<Connection> = cx.connected().map(|row| row.connection.clone()).collect();
    if let Ok(one) = find_connection(&connections, typed) {
        return Some(Destination::Connection(one.id, one.name.clone()));
    }
    if let Ok(message) = typed.parse() {
        return Some(Destination::Message(message));
    }
    if let Ok(entry) = typed.parse() {
        return Some(Destination::Entry(entry));
    }
    let explained = [
        ("delivery", typed.parse::<DeliveryId>().is_ok()),
        ("run", typed.parse::<RunId>().is_ok()),
        ("assignment", typed.parse::<AssignmentId>().is_ok()),
        ("alert", typed.parse::<AlertId>().is_ok()),
        ("contact", typed.parse::<ContactId>().is_ok()),
    ];
    if let Some((kind, _)) = explained.into_iter().find(|(_, named)| *named) {
        return Some(Destination::Explained(kind, typed.to_owned()));
    }
    ThreadName::read(typed).ok().map(|_| Destination::Thread(typed.to_owned()))
}

impl Palette {
    /// Creates a palette. With `all`, commands are matched by title and id alone, else also by their help.
    pub fn new(all: bool) -> Self {
        Self { typed: TextField::new("", MAX_LINE), at: 0, all }
    }

    /// Returns the commands that match the text and are valid here, best first.
    fn found(&self, cx: &Cx) -> Vec<&'static CommandSpec> {
        let typed = self.typed.text();
        let scopes = cx.scopes();
        let valid = all(cx).filter(|spec| scopes.contains(&spec.scope));
        if typed.trim().is_empty() {
            // Commands of the most specific scope come first.
            let mut specs: Vec<_> = valid.collect();
            let rank = |spec: &CommandSpec| scopes.iter().position(|scope| *scope == spec.scope);
            specs.sort_by_key(|spec| rank(spec));
            return specs;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = vec![];
        let mut scored: Vec<(u32, &'static CommandSpec)> = valid
            .filter_map(|spec| {
                let text = format!("{} {} {}", spec.title, spec.id, if self.all { "" } else { spec.help });
                Some((pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?, spec))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, spec)| spec).collect()
    }

    /// Returns the intents of running the selected row.
    fn run(&self, cx: &Cx) -> Vec<Intent> {
        let found = self.found(cx);
        let mut intents = vec![Intent::Close];
        // The destination is the first row, above the commands.
        let position = match destination(cx, self.typed.text()) {
            Some(destination) if self.at == 0 => {
                intents.push(destination.go());
                return intents;
            }
            Some(_) => self.at - 1,
            None => self.at,
        };
        let spec = found.get(position.min(found.len().saturating_sub(1)));
        intents.extend(spec.map(|spec| Intent::Start(spec)));
        intents
    }
}

impl Overlay for Palette {
    fn takes_text(&self) -> bool {
        true
    }

    fn paste(&mut self, _: &Scene<'_>, text: &str) -> Vec<Intent> {
        self.typed.paste(text);
        vec![]
    }

    fn key(&mut self, scene: &Scene<'_>, press: &Press) -> Vec<Intent> {
        match press.key.code {
            KeyCode::Esc => return vec![Intent::Close],
            KeyCode::Enter => return self.run(scene.cx),
            KeyCode::Up => self.at = self.at.saturating_sub(1),
            KeyCode::Down => self.at += 1,
            _ => {
                if self.typed.key(&press.key) == Typed::Changed {
                    self.at = 0;
                }
            }
        }
        let named = usize::from(destination(scene.cx, self.typed.text()).is_some());
        self.at = self.at.min((self.found(scene.cx).len() + named).saturating_sub(1));
        vec![]
    }

    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        let (cx, theme) = (scene.cx, scene.cx.settings.theme);
        let found = self.found(cx);
        let destination = destination(cx, self.typed.text());
        let above = u16::from(destination.is_some());
        let height = ((found.len() as u16) + above + 4).clamp(6, screen.height.saturating_sub(2));
        let area = centred(screen, screen.width.saturating_sub(4).min(92), height);
        let inner = draw_box(theme, buffer, area, "Commands", "type to find, enter runs, esc closes");
        let cursor = draw_prompt(theme, buffer, inner, &self.typed);
        let room = usize::from(inner.height.saturating_sub(2 + above));
        if let Some(destination) = &destination {
            put(buffer, inner.x, inner.y + 2, inner.width, &destination.words(), theme.accent());
            if self.at == 0 {
                buffer.set_style(Rect { y: inner.y + 2, height: 1, ..inner }, theme.selected(true));
            }
        }
        // Index among the commands alone.
        let at = self.at.checked_sub(usize::from(above));
        let first = (at.unwrap_or_default() + 1).saturating_sub(room);
        if found.is_empty() && destination.is_none() {
            put(buffer, inner.x, inner.y + 2, inner.width, "No command with this name.", theme.dim());
        }
        for (place, (index, spec)) in found.iter().enumerate().skip(first).take(room).enumerate() {
            let y = inner.y + 2 + above + place as u16;
            let not_ready = scene.beneath.ready(cx, spec).err();
            let keys = words::pad(&cx.settings.keymap.keys_of(spec), 14, theme.ellipsis());
            let name = words::pad(spec.title, 18, theme.ellipsis());
            let help = not_ready.as_ref().map_or(spec.help, UserError::as_str);
            let dim = not_ready.is_some();
            put(buffer, inner.x, y, 14, &keys, if dim { theme.dim() } else { theme.accent() });
            put(buffer, inner.x + 15, y, 18, &name, if dim { theme.dim() } else { theme.plain() });
            let room = inner.width.saturating_sub(34);
            put(buffer, inner.x + 34, y, room, &words::fit(help, room.into(), theme.ellipsis()), theme.dim());
            if Some(index) == at {
                buffer.set_style(Rect { y, height: 1, ..inner }, theme.selected(true));
            }
        }
        Some(cursor)
    }
}
