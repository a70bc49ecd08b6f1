//! The loop between a console and its surface: it wakes for a reason, takes everything that is
//! there, and draws once.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::backend::{ByteScreen, RingSignals};
use super::files;
use super::input::{Input, Typed};
use super::pacing::{Frames, GatheredChanges, IMMEDIATE_ANSWERS, MIN_FRAME_INTERVAL};
use super::surface::{Surface, SurfaceCommand, SurfaceEvent};
use crate::console::{Console, Edit, Effect, Event, Settings};
use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;
use crate::operations::{OperationError, System, open_media, other_role, perform, run_query, still_known};

/// On a remote terminal, changes that nobody at it caused are drawn at most this often.
const MIN_REMOTE_INTERVAL: Duration = Duration::from_millis(250);
/// Bytes a second that are written to a remote terminal for such changes, at most.
const MAX_REMOTE_BYTES_PER_SECOND: u64 = 4_096;
/// Two rings are at least this far apart.
const MIN_RING_INTERVAL: Duration = Duration::from_secs(10);
/// A surface that does not take a command within this time is disconnected.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Somebody quit.
    Quit,
    /// The terminal went away.
    Gone,
    /// The engine was asked to end.
    Terminated,
}

impl End {
    /// What the terminal prints when the console is gone.
    fn farewell(self) -> &'static str {
        match self {
            Self::Terminated => "The engine ended. Accepted webhooks and queued messages are safe.",
            Self::Quit | Self::Gone => "",
        }
    }
}

/// What is special about a surface.
#[derive(Debug, Clone, Copy)]
pub struct SurfaceOptions {
    pub columns: u16,
    pub rows: u16,
    pub ring: RingSignals,
    /// Bytes cost something: the surface is at the other end of a line.
    pub spares: bool,
    /// There is a shell to go back to for a while.
    pub suspends: bool,
    /// Its terminal is this process's own: the files of whoever sits there may be opened and written here, and a
    /// program may be started that shows them.
    pub files: bool,
    /// The process at the other end opens files of whoever sits there, and hands their bytes over.
    pub uploads: bool,
    /// Over which way it is reached, for colleagues.
    pub how: &'static str,
    /// It only looks, whatever role its person has or is given.
    pub read_only: bool,
}

/// Drives a console until it ends. Drafts are saved before it returns.
pub async fn drive(
    system: &System,
    settings: Settings,
    mut surface: Surface,
    options: SurfaceOptions,
    (stop, mut people): (&CancellationToken, watch::Receiver<()>),
) -> std::io::Result<End> {
    let actor = settings.actor.clone();
    let _present = system.arrives(&actor, options.how);
    // Whoever works for a console never waits for it, and no result of theirs is thrown away.
    let (results, mut arriving) = mpsc::unbounded_channel::<Event>();
    let (requests, queued) = mpsc::unbounded_channel::<(Actor, Request)>();
    let worker = tokio::spawn(act_in_order(system.clone(), options.files, queued, results.clone()));
    let mut changes = system.bus().subscribe();
    let (mut console, effects) = Console::new(settings, options.columns, options.rows, system.now());
    let mut drive = Drive::new(system, actor, options, (results, requests))?;
    drive.carry_out(effects);
    let mut gathered = GatheredChanges::default();
    let mut people_can_change = true;
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
        let mut by_hand = false;
        tokio::select! {
            biased;
            () = stop.cancelled() => break End::Terminated,
            event = surface.heard.recv() => match event {
                Some(event) => match drive.read_surface(event) {
                    Some(read) => (events, by_hand) = read,
                    None => continue,
                },
                None => break End::Gone,
            },
            () = sleep_until(drive.pause.unwrap_or(tick)), if drive.pause.is_some() => {
                by_hand = true;
                events = drive.end_pause();
            }
            event = arriving.recv() => events.extend(event),
            changed = people.changed(), if !options.read_only && people_can_change => {
                people_can_change = changed.is_ok();
                events.extend(drive.update_role());
            }
            change = changes.next() => match change {
                Some(change) => {
                    gathered.add(change);
                    continue;
                }
                None => break End::Terminated,
            },
            () = sleep_until(gathered.until.unwrap_or(tick)), if gathered.until.is_some() => events = gathered.take(),
            () = sleep_until(tick) => {}
            () = sleep_until(drive.frames.due()), if drive.frames.is_pending() => continue,
        }
        while let Ok(event) = arriving.try_recv() {
            events.push(event);
        }
        let at_once = by_hand || drive.frames.answers_somebody(&events);
        if by_hand {
            drive.frames.immediate_answers = IMMEDIATE_ANSWERS;
        }
        events.insert(0, Event::Time(system.now()));
        for event in events {
            let effects = console.update(event);
            drive.carry_out(effects);
        }
        drive.frames.at_once |= at_once;
        drive.frames.changed = true;
    };
    drive.save_and_leave(&mut console);
    let _ = tokio::time::timeout(Duration::from_secs(1), worker).await;
    send(&surface, SurfaceCommand::End(end.farewell().to_owned())).await;
    Ok(end)
}

/// Returns `true` if the surface took the command in time.
async fn send(surface: &Surface, command: SurfaceCommand) -> bool {
    matches!(tokio::time::timeout(SEND_TIMEOUT, surface.told.send(command)).await, Ok(Ok(())))
}

struct Drive<'s> {
    system: &'s System,
    actor: Actor,
    results: mpsc::UnboundedSender<Event>,
    requests: mpsc::UnboundedSender<(Actor, Request)>,
    input: Input,
    /// When a lone escape byte counts as the key.
    pause: Option<Instant>,
    /// What the editor at the other end has open.
    editing: Option<Edit>,
    frames: Frames,
    quit: bool,
    /// What is to be edited outside.
    edit: Option<(Edit, String)>,
    suspend: bool,
    redraw: bool,
    /// Paths that the other end is to open.
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
            pause: None,
            editing: None,
            frames: Frames {
                at_once: true,
                changed: false,
                busy: false,
                drawn_at: now - MIN_FRAME_INTERVAL,
                rests_until: now,
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

    /// Sends what the console wants of the other end. Returns `false` if the other end is gone.
    async fn send_commands(&mut self, surface: &Surface) -> std::io::Result<bool> {
        if let Some((what, text)) = self.edit.take() {
            self.editing = Some(what);
            if !send(surface, SurfaceCommand::Edit(text)).await {
                return Ok(false);
            }
        }
        let mut gone = false;
        for path in std::mem::take(&mut self.uploads) {
            gone |= !send(surface, SurfaceCommand::Upload(path)).await;
        }
        if gone {
            return Ok(false);
        }
        let suspends = std::mem::take(&mut self.suspend) && self.options.suspends;
        if suspends && !send(surface, SurfaceCommand::Suspend).await {
            return Ok(false);
        }
        if std::mem::take(&mut self.redraw) {
            self.screen.redraw()?;
            self.frames.at_once = true;
        }
        Ok(true)
    }

    /// Draws if a frame is due, and returns the bytes for the surface: none if nothing looks different.
    fn draw_when_due(&mut self, console: &Console) -> std::io::Result<Option<Vec<u8>>> {
        let now = Instant::now();
        if !self.frames.is_pending() || now < self.frames.due() {
            return Ok(None);
        }
        let frame = self.screen.draw(console)?;
        (self.frames.at_once, self.frames.changed, self.frames.drawn_at) = (false, false, now);
        if frame.is_empty() {
            return Ok(Some(frame));
        }
        if self.options.spares {
            let rest = Duration::from_millis(frame.len() as u64 * 1_000 / MAX_REMOTE_BYTES_PER_SECOND);
            self.frames.rests_until = now + rest.clamp(MIN_REMOTE_INTERVAL, Duration::from_secs(2));
        }
        self.frames.busy = true;
        Ok(Some(frame))
    }

    /// Returns the events of what the surface reports, and whether somebody did them by hand. `None`: there is nothing
    /// for the console.
    fn read_surface(&mut self, event: SurfaceEvent) -> Option<(Vec<Event>, bool)> {
        Some(match event {
            SurfaceEvent::Bytes(bytes) => {
                let typed = self.input.read(&bytes);
                let events = typed.into_iter().filter_map(|typed| self.means(typed)).collect();
                self.pause = self.input.patience().map(|patience| Instant::now() + patience);
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

    fn end_pause(&mut self) -> Vec<Event> {
        self.pause = None;
        let typed = self.input.pause();
        typed.into_iter().filter_map(|typed| self.means(typed)).collect()
    }

    /// What the person was permitted is on the screen. Returns the event if their role has changed.
    fn update_role(&mut self) -> Option<Event> {
        let actor = other_role(self.system, &self.actor)?;
        self.actor = actor.clone();
        Some(Event::Actor(actor))
    }

    /// Saves what was being written before the console is gone.
    fn save_and_leave(self, console: &mut Console) {
        for effect in console.update(Event::Closing) {
            if let Effect::Perform(request) = effect {
                self.act(request);
            }
        }
        self.act(Request::Attend { thread: None, writes: false, typing: false });
    }

    /// What somebody did, for the console; what the terminal said is for the screen.
    fn means(&mut self, typed: Typed) -> Option<Event> {
        match typed {
            Typed::Key(key) => Some(Event::Key(key)),
            Typed::Paste(text) => Some(Event::Paste(text)),
            Typed::Synchronizes => {
                self.screen.synchronize();
                None
            }
        }
    }

    /// Has something done, as whoever they are now.
    fn act(&self, request: Request) {
        let _ = self.requests.send((self.actor.clone(), request));
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask(query) => {
                    let (system, actor, told) = (self.system.clone(), self.actor.clone(), self.results.clone());
                    tokio::spawn(async move {
                        let event = match run_query(&system, &actor, query.clone()).await {
                            Ok(answer) => Event::Answered { query, answer: Box::new(answer) },
                            Err(error) => Event::NotAnswered { query, why: spoken(&error) },
                        };
                        let _ = told.send(event);
                    });
                }
                Effect::Perform(request) => self.act(request),
                Effect::Upload { path } if self.options.uploads => self.uploads.push(path),
                Effect::Upload { path } => {
                    let (system, actor, told) = (self.system.clone(), self.actor.clone(), self.results.clone());
                    let here = self.options.files;
                    tokio::spawn(async move {
                        let result = if here { files::upload(&system, &actor, &path).await } else { elsewhere() };
                        let _ = told.send(Event::Uploaded { path, result });
                    });
                }
                Effect::Complete { path } if self.options.files => {
                    let told = self.results.clone();
                    tokio::task::spawn_blocking(move || {
                        let (to, choices) = files::complete(&path);
                        let _ = told.send(Event::Completed { path, to, choices });
                    });
                }
                Effect::Complete { .. } => {}
                Effect::Save { what, to } => {
                    let (system, actor, told) = (self.system.clone(), self.actor.clone(), self.results.clone());
                    let here = self.options.files;
                    tokio::spawn(async move {
                        let saved = if here { files::save_for(&system, &actor, what, &to).await } else { elsewhere() };
                        let _ = told.send(Event::Saved(saved));
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

/// Requests are done one after the other, as they were made.
async fn act_in_order(
    system: System,
    here: bool,
    mut acting: mpsc::UnboundedReceiver<(Actor, Request)>,
    told: mpsc::UnboundedSender<Event>,
) {
    while let Some((actor, request)) = acting.recv().await {
        // What was asked for before somebody lost their console is not done after it.
        let known = here || still_known(&system, &actor, None).await.unwrap_or(false);
        let result = match &request {
            _ if !known => Err(OperationError::from(Refusal::new(
                Code::Role,
                "You were removed from the users, or your role changed.",
                "Open the console again.",
            ))),
            Request::OpenMedia { message } if here => open_media(&system, &actor, *message).await,
            _ => perform(&system, &actor, request.clone()).await,
        };
        let event = match &result {
            Err(OperationError::Refused(refusal)) => refusal.all_the_same(request.clone()).map(|then| {
                let (request, why) = (request.clone(), refusal.reason.clone());
                Event::WantsYes { request, why, then }
            }),
            _ => None,
        };
        let performed = || Event::Performed { request, result: result.map_err(|error| spoken(&error)) };
        // A console that has ended is not told, but what it asked for is done.
        let _ = told.send(event.unwrap_or_else(performed));
    }
}

/// No console opens or writes files on the engine's machine for somebody who sits elsewhere.
fn elsewhere<T>() -> Result<T, String> {
    Err("The console runs on the engine's side and cannot use your files. Use `wadeck send --thread THREAD --file FILE` and `wadeck messages save MESSAGE`.".into())
}

pub(super) fn spoken(error: &OperationError) -> String {
    match error {
        OperationError::Refused(refusal) => refusal.to_string(),
        OperationError::Failed(error) => match crate::api::failed(error) {
            crate::api::ApiError::Failed { id, said } => format!("{said} (log: {id})"),
            crate::api::ApiError::Refused(refusal) => refusal.to_string(),
        },
    }
}
