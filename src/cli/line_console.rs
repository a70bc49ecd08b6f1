//! The console line by line (`--plain`), for screen readers and terminals without cursor control. Events are printed as
//! they happen; input lines are commands of the command line and a few short commands for the open thread.

use std::io::BufRead;

use clap::Parser;
use tokio::sync::mpsc;

use super::arguments::{Cli, Command};
use super::execute::output_of;
use super::exit::Exit;
use super::options::Common;
use crate::app::{SystemClock, zone_offset};
use crate::cli::client::error::CliError;
use crate::cli::client::input::Files;
use crate::cli::client::source::Source;
use crate::cli::verbs::reference::NameResolver;
use crate::config;
use crate::domain::agents::requests::EventView;
use crate::domain::event_name::EventName;
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::inbound::event::Direction;
use crate::domain::message::content::Content;
use crate::domain::query::{Answer, Query};
use crate::domain::request::{Request, SendContext};
use crate::domain::text::clean_line;
use crate::domain::time::{Clock, Timestamp};
use crate::domain::view::{MessageView, ThreadRow};
use crate::provider::Registry;

const HELP: &str = "\
list             list threads, newest first
t3               open a thread: prints its last messages and marks it as read
say TEXT         send a text into the open thread
say! TEXT        send it even if a colleague owns the thread, or if it repeats a message
more             print older messages
take, release    take the open thread, or release it
give USER        transfer it to a colleague who is online
read             mark it as read
note TEXT        add an internal note
why              explain its last message; why m12 or why o3 explains another item
stop             stop agents in the open thread
close            close it
quit             quit
Every other line is a command such as: outbox list, threads expiring, alerts list, help.";

/// Messages per page.
const PAGE_MESSAGES: u32 = 10;

enum Spoken {
    Line(String),
    Event(Box<EventView>),
    /// The event stream ended, with the reason.
    Closed(String),
}

struct Sitting<'c> {
    source: Source,
    common: &'c Common,
    open: Option<(ThreadId, String)>,
    oldest: Option<MessageId>,
    /// The newest message of the open thread that was printed.
    newest: Option<MessageId>,
    /// Whether opening a thread marks it as read.
    marks_read: bool,
}

/// Returns whether opening a thread marks it as read, by the configuration; true if there is none.
fn marks_read(common: &Common) -> bool {
    let file = config::config_file(common.config.as_deref());
    config::load(&file, Registry::SHAPES).map_or(true, |config| config.console.mark_read_on_open)
}

/// Runs the line console until its input or the engine ends. `ends` is printed at the start: what quitting does.
pub(super) async fn run(common: &Common, source: Source, ends: &str) -> Exit {
    let (heard, mut hears) = mpsc::channel(64);
    listen(&source, heard.clone());
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if heard.blocking_send(Spoken::Line(line)).is_err() {
                return;
            }
        }
        let _ = heard.blocking_send(Spoken::Line("quit".to_owned()));
    });
    let mut sitting =
        Sitting { source, common, open: None, oldest: None, newest: None, marks_read: marks_read(common) };
    say(&format!("wadeck in plain mode. Type help for the commands. {ends}"));
    sitting.command("status").await;
    sitting.prompt();
    loop {
        let next = tokio::select! {
            next = hears.recv() => next,
            () = super::out::reader_left() => return Exit::Done,
        };
        match next {
            Some(Spoken::Line(line)) if matches!(line.trim(), "quit" | "q" | "exit") => return Exit::Done,
            Some(Spoken::Line(line)) => {
                sitting.line(line.trim()).await;
                sitting.prompt();
            }
            Some(Spoken::Event(event)) => {
                if let Some(said) = sitting.event(&event).await {
                    announce(&said);
                    sitting.prompt();
                }
            }
            Some(Spoken::Closed(why)) => {
                say(&why);
                return Exit::Failed;
            }
            None => return Exit::Failed,
        }
    }
}

fn listen(source: &Source, heard: mpsc::Sender<Spoken>) {
    let source = Source {
        directory: source.directory.clone(),
        read_only: source.read_only,
        here: None,
        scope: source.scope.clone(),
        files: Files::WithoutInput,
    };
    tokio::spawn(async move {
        // Unbounded: a slow reader gets events late instead of missing some.
        let (events, mut happened) = mpsc::unbounded_channel::<EventView>();
        let passing = heard.clone();
        let passed = tokio::spawn(async move {
            while let Some(event) = happened.recv().await {
                let _ = passing.send(Spoken::Event(Box::new(event))).await;
            }
        });
        let ended = source.for_each_event((None, true), |event| {
            if let Ok(event) = serde_json::from_str(event) {
                let _ = events.send(event);
            }
        });
        let why = match ended.await {
            Ok(()) => "The engine ended. Accepted webhooks and queued messages are safe.".to_owned(),
            Err(none) => none.line(),
        };
        drop(events);
        let _ = passed.await;
        let _ = heard.send(Spoken::Closed(why)).await;
    });
}

fn not_done(none: &CliError, json: bool) -> String {
    let refused = if none.is_refusal() && !json { "Refused: " } else { "" };
    format!("{refused}{}", none.text(json))
}

fn say(text: &str) {
    println!("{text}");
}

/// Prints a notice on a line of its own.
fn announce(text: &str) {
    eprintln!("\n{text}");
}

/// Formats a time as local hours and minutes, with the date if it is not today.
fn clock(at: Timestamp) -> String {
    let here = |at: Timestamp| Timestamp::from_millis(at.millis() + zone_offset(at) * 1_000).to_string();
    let (text, today) = (here(at), here(SystemClock.now()));
    let (day, time) = (text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default());
    if today.starts_with(day) { time.to_owned() } else { format!("{day} {time}") }
}

/// Formats a message as one line: time, sender, content, delivery status.
fn message_line(message: &MessageView, contact: &str) -> String {
    let who = match (&message.author, message.direction) {
        (Some(author), _) => clean_line(author),
        (None, Direction::Inbound) => contact.to_owned(),
        (None, Direction::Outbound) => "somebody at the provider".to_owned(),
    };
    let state = match (&message.error, message.direction) {
        (Some(error), _) => format!(" FAILED: {}", error.line()),
        (None, Direction::Outbound) => {
            let entry = message.entry.as_ref().map(|entry| entry.state.name());
            let state = entry.filter(|state| !matches!(*state, "accepted" | "failed" | "dead"));
            format!(" ({})", state.unwrap_or(message.status.name()))
        }
        (None, Direction::Inbound) => String::new(),
    };
    format!("{} {who}, {}: {}{state}", clock(message.created_at), message.id, message.text.line())
}

impl Sitting<'_> {
    fn prompt(&self) {
        match &self.open {
            Some((thread, contact)) => print!("{thread} {contact}> "),
            None => print!("> "),
        }
    }

    async fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()));
        let open = self.open.as_ref().map(|(thread, _)| *thread);
        match (word, rest, open) {
            ("", ..) => {}
            ("help" | "?", "", _) => say(HELP),
            ("list", "", _) => self.command("threads list").await,
            ("close", "", _) => {
                self.open = None;
                self.report_presence(None).await;
            }
            ("give", to, Some(thread)) if !to.is_empty() => {
                self.act(Request::TransferThread { thread, to: to.to_owned() }).await;
            }
            (word, "", _) if word.starts_with('t') && word.parse::<ThreadId>().is_ok() => {
                if let Ok(thread) = word.parse() {
                    self.open(thread).await;
                }
            }
            ("say", text, Some(thread)) if !text.is_empty() => {
                let content = Box::new(Content::text(text));
                let seen = SendContext { seen: self.newest, ..SendContext::default() };
                self.act(Request::Send { thread, content, reply_to: None, at: None }.with_context(seen)).await;
            }
            ("say!", text, Some(thread)) if !text.is_empty() => {
                let content = Box::new(Content::text(text));
                let despite = SendContext { despite_owner: true, despite_duplicate: true, seen: None };
                self.act(Request::Send { thread, content, reply_to: None, at: None }.with_context(despite)).await;
            }
            ("note", text, Some(thread)) if !text.is_empty() => {
                self.act(Request::AddNote { thread, text: text.to_owned() }).await;
            }
            ("say" | "note", "", Some(_)) => say("Add the text: say Your order has left."),
            ("take", "", Some(thread)) => self.act(Request::TakeThread { thread }).await,
            ("release", "", Some(thread)) => self.act(Request::ReleaseThread { thread }).await,
            ("read", "", Some(thread)) => self.act(Request::MarkRead { thread }).await,
            ("stop", "", Some(thread)) => self.command(&format!("agents stop {thread}")).await,
            ("more", "", Some(thread)) => self.print_page(thread, self.oldest).await,
            ("why", "", Some(thread)) => self.command(&format!("why {thread}")).await,
            ("say" | "note" | "take" | "release" | "read" | "stop" | "more" | "why" | "give", _, None)
                if rest.is_empty() || matches!(word, "say" | "give") =>
            {
                say("No thread is open. Type a thread id such as t3; list shows the threads.");
            }
            _ => self.command(line).await,
        }
    }

    async fn contact(&self, thread: ThreadId) -> Option<Box<ThreadRow>> {
        match self.source.ask(&Query::Thread { thread }).await {
            Ok(Answer::Thread(row)) => row,
            _ => None,
        }
    }

    async fn open(&mut self, thread: ThreadId) {
        let Some(row) = self.contact(thread).await else {
            say(&format!("Thread {thread} not found."));
            return;
        };
        let open = row.window_closes_at.filter(|at| *at > SystemClock.now());
        let window = open.map_or_else(
            || "The service window is closed: only templates can be sent.".to_owned(),
            |at| format!("The service window is open until {}.", clock(at)),
        );
        let whose = match (&row.taken_by, &row.assignment) {
            (Some(person), _) => format!(" {} owns it.", clean_line(person)),
            (None, Some(held)) => format!(" {}.", held.words()),
            (None, None) => String::new(),
        };
        say(&format!("{thread}, {}, via {}. {window}{whose}", row.contact.display_name(), clean_line(&row.connection)));
        self.open = Some((thread, row.contact.display_name()));
        self.report_presence(Some(thread)).await;
        self.print_page(thread, None).await;
        // As in the full console. A refusal for viewers is ignored.
        if row.unread > 0 && self.marks_read {
            let _ = self.source.act(&Request::MarkRead { thread }).await;
        }
    }

    /// Prints a page of messages, oldest first.
    async fn print_page(&mut self, thread: ThreadId, before: Option<MessageId>) {
        let contact = self.open.as_ref().map(|(_, contact)| contact.clone()).unwrap_or_default();
        match self.source.ask(&Query::Messages { thread, limit: PAGE_MESSAGES, before, around: None }).await {
            Ok(Answer::Messages(page)) => {
                if page.is_empty() {
                    say("No earlier messages.");
                }
                if before.is_none() {
                    self.newest = page.first().map(|message| message.id);
                }
                self.oldest = page.last().map(|message| message.id).or(self.oldest);
                for message in page.iter().rev() {
                    say(&message_line(message, &contact));
                }
            }
            Ok(_) => {}
            Err(none) => say(&none.line()),
        }
    }

    /// Reports presence in a thread to other consoles.
    async fn report_presence(&self, thread: Option<ThreadId>) {
        // Best effort: a refusal for viewers is ignored.
        let _ = self.source.act(&Request::UpdatePresence { thread, writes: false, typing: false }).await;
    }

    async fn act(&self, request: Request) {
        match self.source.act(&request).await {
            Ok(done) => say(&clean_line(&done.message)),
            Err(none) => say(&not_done(&none, false)),
        }
    }

    /// Runs a command of the command line.
    async fn command(&self, line: &str) {
        let Ok(words) = shell_words::split(line) else {
            say("A quotation mark is missing.");
            return;
        };
        let words = words.into_iter().skip_while(|word| word == "wadeck");
        let words: Vec<std::ffi::OsString> =
            std::iter::once("wadeck".to_owned()).chain(words).map(Into::into).collect();
        NameResolver::start();
        let read = Cli::try_parse_from(&words);
        let names = NameResolver::end();
        let cli = match read {
            Ok(cli) => cli,
            Err(error) => {
                say(error.render().to_string().trim_end());
                return;
            }
        };
        let wanted = match cli.command {
            Some(Command::Events(crate::cli::verbs::agents::Events::Follow { .. })) => {
                return say("Events are printed here as they happen.");
            }
            Some(command) => command,
            None => return,
        };
        let common = Common { json: cli.common.json, output: cli.common.output, ..self.common.clone() };
        let wanted = match names.resolve::<Cli>(&self.source, words).await {
            Ok(None) => wanted,
            Ok(Some(cli)) => cli.command.unwrap_or(wanted),
            Err(none) => return say(&not_done(&none, common.json)),
        };
        match output_of(&self.source, &common, wanted).await {
            Ok((_, text)) => say(&text),
            Err(none) => say(&not_done(&none, common.json)),
        }
    }

    /// Formats an event as one line; `None` for events that are not announced.
    async fn event(&mut self, event: &EventView) -> Option<String> {
        let message = event.data["message"].as_str().and_then(|id| id.parse::<MessageId>().ok());
        let here = event.thread.is_some() && event.thread == self.open.as_ref().map(|(thread, _)| *thread);
        // Statuses are announced for the open thread, failures for all threads.
        let name = EventName::parse(&event.event);
        let progress = [EventName::MessageDelivered, EventName::MessageRead, EventName::MessageAccepted].map(Some);
        if progress.contains(&name) && !here {
            return None;
        }
        let row = match event.thread {
            Some(thread) => self.contact(thread).await,
            None => None,
        };
        let contact = row.as_ref().map(|row| row.contact.display_name()).unwrap_or_default();
        let to = if name == Some(EventName::MessageReceived) { String::new() } else { format!(", {contact}") };
        let place = event.thread.map_or_else(String::new, |thread| format!("{thread}{to}: "));
        let to_whom = event.data["to"].as_str().map(|to| format!(" to {}", clean_line(to))).unwrap_or_default();
        let said = match (event.event.starts_with("message."), message) {
            (true, Some(message)) => match self.source.ask(&Query::Message { message }).await {
                Ok(Answer::Message(Some(detail))) => {
                    if here {
                        self.newest = self.newest.max(Some(message));
                    }
                    message_line(&detail.message, &contact)
                }
                _ => event.event.clone(),
            },
            _ => {
                let by = event.data["by"].as_str().map(|by| format!(" by {}", clean_line(by))).unwrap_or_default();
                format!("{} {}{by}{to_whom}", clock(event.at), clean_line(&event.event.replace(['.', '_'], " ")))
            }
        };
        Some(format!("* {place}{said}"))
    }
}
