//! The event loop between a console and its surface. Each pass waits for an event, handles all events that have
//! arrived, and draws at most once.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::backend::{ByteScreen, RingSignals};
use super::files;
use super::input::{Input, Typed};
use super::pacing::{Frames, GatheredChanges, IMMEDIATE_ANSWERS, MIN_FRAME_INTERVAL};
use super::surface::{Surface, SurfaceCommand, SurfaceEvent};
use crate::api::request_error;
use crate::console::{Console, Edit, Effect, Event, FileError, Settings};
use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;
use crate::operations::{
    ConsolePlace, OperationError, System, is_still_authorized, open_media, other_role, perform, run_custom_command,
    run_query,
};

/// On a remote terminal, changes by others are drawn at most this often.
const MIN_REMOTE_INTERVAL: Duration = Duration::from_millis(250);
/// Bytes per second that are written to a remote terminal for changes by others.
const MAX_REMOTE_BYTES_PER_SECOND: u64 = 4_096;
/// Minimum time between two rings.
const MIN_RING_INTERVAL: Duration = Duration::from_secs(10);
/// A surface that does not accept a command within this time is disconnected.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The user quit.
    Quit,
    /// The terminal was closed or the connection broke.
    Gone,
    /// The engine is stopping.
    Terminated,
}

impl End {
    /// The message that the terminal shows after the console has ended; empty if the reason is obvious.
    fn exit_message(self) -> &'static str {
        match self {
            Self::Terminated => "The engine ended. Accepted webhooks and queued messages are safe.",
            Self::Quit | Self::Gone => "",
        }
    }
}

/// The properties of a surface.
#[derive(Debug, Clone, Copy)]
pub struct SurfaceOptions {
    pub columns: u16,
    pub rows: u16,
    pub ring: RingSignals,
    /// The surface is remote: frames of changes by others are limited in rate and size.
    pub is_remote: bool,
    /// The console can be suspended to return to a shell.
    pub suspends: bool,
    /// The terminal belongs to this process: files of its user can be read and written here, and programs can be
    /// started to view them.
    pub files: bool,
    /// The client process reads its user's files and uploads them.
    pub uploads: bool,
    /// How the surface is connected, as shown to colleagues.
    pub how: &'static str,
    /// The console refuses every change, whatever the user's role is.
    pub read_only: bool,
}

/// Runs a console until it ends. Drafts are saved before it returns.
pub async fn drive(
    system: &System,
    settings: Settings,
    mut surface: Surface,
    options: SurfaceOptions,
    (stop, mut users_changed): (&CancellationToken, watch::Receiver<()>),
) -> std::io::Result<End> {
    let actor = settings.actor.clone();
    let _present = system.arrives(&actor, options.how);
    // Tasks that work for the console never block on it, and their results are never dropped.
    let (results, mut incoming) = mpsc::unbounded_channel::<Event>();
    let (requests, queued_requests) = mpsc::unbounded_channel::<(Actor, Request)>();
    let worker = tokio::spawn(perform_in_order(system.clone(), options.files, queued_requests, results.clone()));
    let mut changes = system.bus().subscribe();
    let (mut console, effects) = Console::new(settings, options.columns, options.rows, system.now());
    let mut drive = Drive::new(system, actor, options, (results, requests))?;
    drive.carry_out(effects);
    let mut gathered_changes = GatheredChanges::default();
    let mut users_can_change = true;
    let end = loop {
        if drive.quit {
            break End::Quit;
        }
        if !drive.send_commands(&surface).await? {
            break End::Gone;
        }
        if let Some(frame) = drive.draw_when_due(&console)? {
            if frame.is_empty() || send(&surface, SurfaceCommand::Frame(frame)).await {
                continue;
            }
            break End::Gone;
        }
        let tick = console.next_tick().since(system.now()).min(Duration::from_secs(3_600));
        let tick = Instant::now() + tick;
        let mut events: Vec<Event> = vec![];
        let mut from_user = false;
        tokio::select! {
            biased;
            () = stop.cancelled() => break End::Terminated,
            event = surface.events.recv() => match event {
                Some(event) => match drive.read_surface(event) {
                    Some(read) => (events, from_user) = read,
                    None => continue,
                },
                None => break End::Gone,
            },
            () = sleep_until(drive.input_timeout.unwrap_or(tick)), if drive.input_timeout.is_some() => {
                from_user = true;
                events = drive.flush_input();
            }
            event = incoming.recv() => events.extend(event),
            changed = users_changed.changed(), if !options.read_only && users_can_change => {
                users_can_change = changed.is_ok();
                events.extend(drive.update_role());
            }
            // After the first change, the console sleeps until all that follow within a while have arrived.
            change = changes.next(), if gathered_changes.until.is_none() => match change {
                Some(change) => {
                    gathered_changes.add(change);
                    continue;
                }
                None => break End::Terminated,
            },
            () = sleep_until(gathered_changes.until.unwrap_or(tick)), if gathered_changes.until.is_some() => {
                events = gathered_changes.take(|| changes.try_next());
            }
            () = sleep_until(tick) => {}
            () = sleep_until(drive.frames.due()), if drive.frames.is_pending() => continue,
        }
        events.extend(std::iter::from_fn(|| incoming.try_recv().ok()));
        gathered_changes.hurry_after(&events);
        let is_immediate = from_user || drive.frames.contains_immediate_answer(&events);
        if from_user {
            drive.frames.immediate_answers = IMMEDIATE_ANSWERS;
        }
        events.insert(0, Event::Time(system.now()));
        for event in events {
            let effects = console.update(event);
            drive.carry_out(effects);
        }
        drive.frames.is_immediate |= is_immediate;
        drive.frames.changed = true;
    };
    drive.save_and_leave(&mut console);
    let _ = tokio::time::timeout(Duration::from_secs(1), worker).await;
    send(&surface, SurfaceCommand::End(end.exit_message().to_owned())).await;
    Ok(end)
}

/// Returns `true` if the surface took the command in time.
async fn send(surface: &Surface, command: SurfaceCommand) -> bool {
    matches!(tokio::time::timeout(SEND_TIMEOUT, surface.commands.send(command)).await, Ok(Ok(())))
}

/// The state of the loop.
struct Drive<'s> {
    system: &'s System,
    actor: Actor,
    results: mpsc::UnboundedSender<Event>,
    requests: mpsc::UnboundedSender<(Actor, Request)>,
    input: Input,
    /// When incomplete input, such as a lone escape byte, is interpreted as it is. `None` if there is none.
    input_timeout: Option<Instant>,
    /// What is open in the external editor. `None` if no editor runs.
    editing: Option<Edit>,
    frames: Frames,
    quit: bool,
    /// A text to open in the external editor next.
    edit: Option<(Edit, String)>,
    suspend: bool,
    redraw: bool,
    /// Paths of files that the client should upload next.
    uploads: Vec<String>,
    options: SurfaceOptions,
    rung_at: Option<Instant>,
    screen: ByteScreen,
}

impl<'s> Drive<'s> {
    fn new(
        system: &'s System,
        actor: Actor,
        options: SurfaceOptions,
        (results, requests): (mpsc::UnboundedSender<Event>, mpsc::UnboundedSender<(Actor, Request)>),
    ) -> std::io::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            system,
            actor,
            results,
            requests,
            input: Input::default(),
            input_timeout: None,
            editing: None,
            frames: Frames {
                is_immediate: true,
                changed: false,
                busy: false,
                drawn_at: now - MIN_FRAME_INTERVAL,
                not_before: now,
                immediate_answers: IMMEDIATE_ANSWERS,
            },
            quit: false,
            edit: None,
            suspend: false,
            redraw: false,
            uploads: vec![],
            options,
            rung_at: None,
            screen: ByteScreen::new(options.columns, options.rows)?,
        })
    }

    /// Sends the console's pending commands to the surface. Returns `false` if the surface is gone.
    async fn send_commands(&mut self, surface: &Surface) -> std::io::Result<bool> {
        if let Some((what, text)) = self.edit.take() {
            self.editing = Some(what);
            if !send(surface, SurfaceCommand::Edit(text)).await {
                return Ok(false);
            }
        }
        let mut is_gone = false;
        for path in std::mem::take(&mut self.uploads) {
            is_gone |= !send(surface, SurfaceCommand::Upload(path)).await;
        }
        if is_gone {
            return Ok(false);
        }
        let suspends = std::mem::take(&mut self.suspend) && self.options.suspends;
        if suspends && !send(surface, SurfaceCommand::Suspend).await {
            return Ok(false);
        }
        if std::mem::take(&mut self.redraw) {
            self.screen.redraw()?;
            self.frames.is_immediate = true;
        }
        Ok(true)
    }

    /// Draws if a frame is due. `None` if none is due; empty if the screen did not change.
    fn draw_when_due(&mut self, console: &Console) -> std::io::Result<Option<Vec<u8>>> {
        let now = Instant::now();
        if !self.frames.is_pending() || now < self.frames.due() {
            return Ok(None);
        }
        let frame = self.screen.draw(console)?;
        (self.frames.is_immediate, self.frames.changed, self.frames.drawn_at) = (false, false, now);
        if frame.is_empty() {
            return Ok(Some(frame));
        }
        if self.options.is_remote {
            let transfer_time = Duration::from_millis(frame.len() as u64 * 1_000 / MAX_REMOTE_BYTES_PER_SECOND);
            self.frames.not_before = now + transfer_time.clamp(MIN_REMOTE_INTERVAL, Duration::from_secs(2));
        }
        self.frames.busy = true;
        Ok(Some(frame))
    }

    /// Converts an event of the surface to events for the console. The flag is `true` if the user caused it. `None`
    /// if there is nothing for the console.
    fn read_surface(&mut self, event: SurfaceEvent) -> Option<(Vec<Event>, bool)> {
        Some(match event {
            SurfaceEvent::Bytes(bytes) => {
                let typed = self.input.read(&bytes);
                let events = typed.into_iter().filter_map(|typed| self.interpret_input(typed)).collect();
                self.input_timeout = self.input.timeout().map(|timeout| Instant::now() + timeout);
                (events, true)
            }
            SurfaceEvent::Size { columns, rows } => {
                self.screen.resize(columns, rows);
                (vec![Event::Resize { columns, rows }], true)
            }
            SurfaceEvent::Ready => {
                self.frames.busy = false;
                return None;
            }
            SurfaceEvent::Edited(text) => {
                self.redraw = true;
                (self.editing.take().map(|what| Event::Edited { what, text }).into_iter().collect(), true)
            }
            SurfaceEvent::Uploaded { path, result } => (vec![Event::Uploaded { path, result }], false),
            SurfaceEvent::Back => {
                self.redraw = true;
                return None;
            }
        })
    }

    fn flush_input(&mut self) -> Vec<Event> {
        self.input_timeout = None;
        let typed = self.input.flush();
        typed.into_iter().filter_map(|typed| self.interpret_input(typed)).collect()
    }

    /// Returns an event if the user's role has changed, so that the screen shows what they may do now.
    fn update_role(&mut self) -> Option<Event> {
        let actor = other_role(self.system, &self.actor)?;
        self.actor = actor.clone();
        Some(Event::Actor(actor))
    }

    /// Saves drafts and ends the user's presence before the console ends.
    fn save_and_leave(self, console: &mut Console) {
        for effect in console.update(Event::Closing) {
            if let Effect::Perform(request) = effect {
                self.queue_request(request);
            }
        }
        self.queue_request(Request::UpdatePresence { thread: None, writes: false, typing: false });
    }

    /// Converts input to an event for the console. A report of the terminal goes to the screen: `None`.
    fn interpret_input(&mut self, typed: Typed) -> Option<Event> {
        match typed {
            Typed::Key(key) => Some(Event::Key(key)),
            Typed::Paste(text) => Some(Event::Paste(text)),
            Typed::SupportsSynchronizedOutput => {
                self.screen.enable_synchronized();
                None
            }
        }
    }

    /// Queues a request with the user's current role.
    fn queue_request(&self, request: Request) {
        let _ = self.requests.send((self.actor.clone(), request));
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask(query) => {
                    let (system, actor, results) = (self.system.clone(), self.actor.clone(), self.results.clone());
                    tokio::spawn(async move {
                        let event = match run_query(&system, &actor, query.clone()).await {
                            Ok(answer) => Event::Answered { query, answer: Box::new(answer) },
                            Err(error) => Event::NotAnswered { query, why: request_error(error) },
                        };
                        let _ = results.send(event);
                    });
                }
                Effect::Perform(request) => self.queue_request(request),
                Effect::Upload { path } if self.options.uploads => self.uploads.push(path),
                Effect::Upload { path } => {
                    let (system, actor, results) = (self.system.clone(), self.actor.clone(), self.results.clone());
                    let has_files = self.options.files;
                    tokio::spawn(async move {
                        let result = if has_files {
                            files::upload(&system, &actor, &path).await
                        } else {
                            Err(FileError::OtherMachine)
                        };
                        let _ = results.send(Event::Uploaded { path, result });
                    });
                }
                Effect::Complete { path } if self.options.files => {
                    let results = self.results.clone();
                    tokio::task::spawn_blocking(move || {
                        let (to, choices) = files::complete(&path);
                        let _ = results.send(Event::Completed { path, to, choices });
                    });
                }
                Effect::Complete { .. } => {}
                Effect::Save { what, to } => {
                    let (system, actor, results) = (self.system.clone(), self.actor.clone(), self.results.clone());
                    let has_files = self.options.files;
                    tokio::spawn(async move {
                        let saved = if has_files {
                            files::save_for(&system, &actor, what, &to).await
                        } else {
                            Err(FileError::OtherMachine)
                        };
                        let _ = results.send(Event::Saved(saved));
                    });
                }
                Effect::RunCommand { title, values } => {
                    let (system, actor, results) = (self.system.clone(), self.actor.clone(), self.results.clone());
                    let place = match (self.options.read_only, self.options.files) {
                        (true, _) => ConsolePlace::ReadOnly,
                        (false, true) => ConsolePlace::Local,
                        (false, false) => ConsolePlace::Remote,
                    };
                    tokio::spawn(async move {
                        let known = place == ConsolePlace::Local
                            || is_still_authorized(&system, &actor, None).await.unwrap_or(false);
                        let result = if known {
                            run_custom_command(&system, &actor, &title, &values, place).await
                        } else {
                            Err(access_removed().into())
                        };
                        let _ = results.send(Event::CommandEnded { title, result: result.map_err(request_error) });
                    });
                }
                Effect::Copy(text) => self.screen.copy(&text),
                Effect::Edit { what, text } => self.edit = Some((what, text)),
                Effect::Ring(text) => {
                    if self.rung_at.is_none_or(|at| at.elapsed() >= MIN_RING_INTERVAL) {
                        self.rung_at = Some(Instant::now());
                        self.screen.ring(&text, self.options.ring);
                    }
                }
                Effect::Redraw => self.redraw = true,
                Effect::Suspend => self.suspend = true,
                Effect::Quit => self.quit = true,
            }
        }
    }
}

/// Returns the refusal for a user whose access was removed or whose role changed.
fn access_removed() -> Refusal {
    Refusal::new(Code::Role, "You were removed from the users, or your role changed.", "Open the console again.")
}

/// Performs requests one after the other, in the order in which they were made.
async fn perform_in_order(
    system: System,
    has_files: bool,
    mut requests: mpsc::UnboundedReceiver<(Actor, Request)>,
    results: mpsc::UnboundedSender<Event>,
) {
    while let Some((actor, request)) = requests.recv().await {
        // A request of a user whose access was revoked meanwhile is not performed.
        let known = has_files || is_still_authorized(&system, &actor, None).await.unwrap_or(false);
        let result = match &request {
            _ if !known => Err(access_removed().into()),
            Request::OpenMedia { message } if has_files => open_media(&system, &actor, *message).await,
            _ => perform(&system, &actor, request.clone()).await,
        };
        let event = match &result {
            Err(OperationError::Refused(refusal)) => refusal.all_the_same(request.clone()).map(|then| {
                let (request, why) = (request.clone(), refusal.reason.clone());
                Event::WantsYes { request, why, then }
            }),
            _ => None,
        };
        let performed = || Event::Performed { request, result: result.map_err(request_error) };
        // If the console has ended, nobody receives the result, but the request is performed.
        let _ = results.send(event.unwrap_or_else(performed));
    }
}
