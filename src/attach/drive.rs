//! The loop between a console and its surface: it wakes for a reason, takes everything that is
//! there, and draws once.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::backend::ByteScreen;
use super::files;
use super::input::{Input, Typed};
use super::surface::{Surface, SurfaceCommand, SurfaceEvent};
use crate::console::{Console, Edit, Effect, Event, Settings};
use crate::domain::access::actor::Actor;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;
use crate::operations::{OperationError, System, open_media, other_role, perform, still_known, tell};

/// Two frames are at least this far apart.
const FRAME: Duration = Duration::from_millis(33);
/// Changes are gathered this long before the console asks again.
const GATHER: Duration = Duration::from_millis(80);
/// Over a line that costs, what changes by itself is drawn at most this often.
const SELDOM: Duration = Duration::from_millis(250);
/// And no more than so many bytes a second are written for it. What somebody does is drawn at once.
const A_SECOND: u64 = 4_096;
/// So many answers to what somebody did are drawn at once, too.
const ANSWERS: u8 = 4;
/// Two rings are at least this far apart.
const RING_AGAIN: Duration = Duration::from_secs(10);
/// Whoever does not take what they are told is let go.
const TAKES: Duration = Duration::from_secs(1);

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

/// What is special about a surface.
#[derive(Debug, Clone, Copy)]
pub struct SurfaceOptions {
    pub columns: u16,
    pub rows: u16,
    /// The bell, and desktop notices.
    pub bell: (bool, bool),
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

/// Drives a console until it ends. Drafts are kept before it returns.
pub async fn drive(
    system: &System,
    settings: Settings,
    mut surface: Surface,
    manner: SurfaceOptions,
    (stop, mut people): (&CancellationToken, watch::Receiver<()>),
) -> std::io::Result<End> {
    let actor = settings.actor.clone();
    let _here = system.arrives(&actor, manner.how);
    let (told, mut telling) = mpsc::channel::<Event>(256);
    let (acts, acting) = mpsc::unbounded_channel::<(Actor, Request)>();
    let worker = tokio::spawn(act_in_order(system.clone(), manner.files, acting, told.clone()));

    let mut listener = system.bus().listen();
    let mut input = Input::default();
    let mut pause: Option<Instant> = None;

    let (mut console, effects) = Console::new(settings, manner.columns, manner.rows, system.now());
    let mut drive = Drive {
        system,
        actor,
        told,
        acts,
        quit: false,
        edit: None,
        suspend: false,
        redraw: false,
        uploads: vec![],
        manner,
        rung_at: None,
        screen: ByteScreen::new(manner.columns, manner.rows)?,
    };
    drive.carry_out(effects);

    // What is to be drawn because somebody did something, or because something changed.
    let (mut asked, mut changed) = (true, false);
    let mut people_are_kept = true;
    let mut busy = false;
    let mut drawn_at = Instant::now() - FRAME;
    let mut rests_until = Instant::now();
    let mut owed = ANSWERS;
    let mut editing: Option<Edit> = None;
    let mut gathered: Vec<Change> = vec![];
    let mut gather_until: Option<Instant> = None;
    let end = loop {
        if drive.quit {
            break End::Quit;
        }
        if let Some((what, text)) = drive.edit.take() {
            editing = Some(what);
            if !say(&surface, SurfaceCommand::Edit(text)).await {
                break End::Gone;
            }
        }
        let mut gone = false;
        for path in std::mem::take(&mut drive.uploads) {
            gone |= !say(&surface, SurfaceCommand::Upload(path)).await;
        }
        if gone {
            break End::Gone;
        }
        if std::mem::take(&mut drive.suspend) && manner.suspends && !say(&surface, SurfaceCommand::Suspend).await {
            break End::Gone;
        }
        if std::mem::take(&mut drive.redraw) {
            drive.screen.redraw()?;
            asked = true;
        }
        let now = Instant::now();
        let due = if asked { drawn_at + FRAME } else { (drawn_at + FRAME).max(rests_until) };
        if (asked || changed) && !busy && now >= due {
            let frame = drive.screen.draw(&console)?;
            (asked, changed, drawn_at) = (false, false, now);
            if !frame.is_empty() {
                if manner.spares {
                    let rest = Duration::from_millis(frame.len() as u64 * 1_000 / A_SECOND);
                    rests_until = now + rest.clamp(SELDOM, Duration::from_secs(2));
                }
                busy = true;
                if !say(&surface, SurfaceCommand::Frame(frame)).await {
                    break End::Gone;
                }
            }
            continue;
        }
        let tick = console.next_tick().since(system.now());
        let tick = Instant::now() + tick.min(Duration::from_secs(3_600));
        let mut events: Vec<Event> = vec![];
        let mut by_hand = false;
        tokio::select! {
            biased;
            () = stop.cancelled() => break End::Terminated,
            heard = surface.heard.recv() => match heard {
                Some(SurfaceEvent::Bytes(bytes)) => {
                    by_hand = true;
                    events.extend(input.read(&bytes).into_iter().filter_map(|typed| drive.means(typed)));
                    pause = input.patience().map(|patience| Instant::now() + patience);
                }
                Some(SurfaceEvent::Size { columns, rows }) => {
                    by_hand = true;
                    drive.screen.resize(columns, rows);
                    events.push(Event::Resize { columns, rows });
                }
                Some(SurfaceEvent::Ready) => {
                    busy = false;
                    continue;
                }
                Some(SurfaceEvent::Edited(text)) => {
                    by_hand = true;
                    drive.redraw = true;
                    events.extend(editing.take().map(|what| Event::Edited { what, text }));
                }
                Some(SurfaceEvent::Uploaded { path, result }) => events.push(Event::Uploaded { path, result }),
                Some(SurfaceEvent::Back) => {
                    drive.redraw = true;
                    continue;
                }
                // Nobody is there any more.
                None => break End::Gone,
            },
            () = sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() => {
                pause = None;
                by_hand = true;
                events.extend(input.pause().into_iter().filter_map(|typed| drive.means(typed)));
            }
            event = telling.recv() => events.extend(event),
            changed = people.changed(), if !manner.read_only && people_are_kept => {
                people_are_kept = changed.is_ok();
                // What they were permitted is on the screen, and so is what they are permitted now.
                if let Some(actor) = other_role(system, &drive.actor) {
                    drive.actor = actor.clone();
                    events.push(Event::Actor(actor));
                }
            }
            change = listener.next() => match change {
                Some(change) => {
                    if !gathered.contains(&change) {
                        gathered.push(change);
                    }
                    gather_until.get_or_insert_with(|| Instant::now() + GATHER);
                    continue;
                }
                None => break End::Terminated,
            },
            () = sleep_until(gather_until.unwrap_or(tick)), if gather_until.is_some() => {
                gather_until = None;
                events.extend(gathered.drain(..).map(Event::Changed));
            }
            () = sleep_until(tick) => {}
            () = sleep_until(due), if (asked || changed) && !busy => continue,
        }
        while let Ok(event) = telling.try_recv() {
            events.push(event);
        }
        // The first answers to what somebody did are a part of it.
        let answers = events
            .iter()
            .any(|event| matches!(event, Event::Performed { .. } | Event::WantsYes { .. } | Event::Answered { .. }));
        if by_hand {
            owed = ANSWERS;
        } else if answers && owed > 0 {
            owed -= 1;
            by_hand = true;
        }
        events.insert(0, Event::Time(system.now()));
        for event in events {
            let effects = console.update(event);
            drive.carry_out(effects);
        }
        (asked, changed) = (asked || by_hand, true);
    };
    // What was being written is on the disk before the console is gone.
    let effects = console.update(Event::Closing);
    for effect in effects {
        if let Effect::Perform(request) = effect {
            drive.act(request);
        }
    }
    drive.act(Request::Attend { thread: None, writes: false, typing: false });
    drop(drive);
    let _ = tokio::time::timeout(Duration::from_secs(1), worker).await;
    let why = match end {
        End::Terminated => "The engine ended. Accepted webhooks and queued messages are safe.",
        End::Quit | End::Gone => "",
    };
    say(&surface, SurfaceCommand::End(why.to_owned())).await;
    Ok(end)
}

/// Whether they took it.
async fn say(surface: &Surface, told: SurfaceCommand) -> bool {
    matches!(tokio::time::timeout(TAKES, surface.told.send(told)).await, Ok(Ok(())))
}

struct Drive<'s> {
    system: &'s System,
    actor: Actor,
    told: mpsc::Sender<Event>,
    acts: mpsc::UnboundedSender<(Actor, Request)>,
    quit: bool,
    /// What is to be edited outside.
    edit: Option<(Edit, String)>,
    suspend: bool,
    redraw: bool,
    /// Paths that the other end is to open.
    uploads: Vec<String>,
    manner: SurfaceOptions,
    rung_at: Option<Instant>,
    screen: ByteScreen,
}

impl Drive<'_> {
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
        let _ = self.acts.send((self.actor.clone(), request));
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask(query) => {
                    let (system, actor, told) = (self.system.clone(), self.actor.clone(), self.told.clone());
                    tokio::spawn(async move {
                        let event = match tell(&system, &actor, query.clone()).await {
                            Ok(answer) => Event::Answered { query, answer: Box::new(answer) },
                            Err(error) => Event::NotAnswered { query, why: spoken(&error) },
                        };
                        let _ = told.send(event).await;
                    });
                }
                Effect::Perform(request) => self.act(request),
                Effect::Upload { path } if self.manner.uploads => self.uploads.push(path),
                Effect::Upload { path } => {
                    let (system, actor, told) = (self.system.clone(), self.actor.clone(), self.told.clone());
                    let here = self.manner.files;
                    tokio::spawn(async move {
                        let result = if here { files::upload(&system, &actor, &path).await } else { elsewhere() };
                        let _ = told.send(Event::Uploaded { path, result }).await;
                    });
                }
                Effect::Complete { path } if self.manner.files => {
                    let told = self.told.clone();
                    tokio::task::spawn_blocking(move || {
                        let (to, choices) = files::complete(&path);
                        let _ = told.blocking_send(Event::Completed { path, to, choices });
                    });
                }
                Effect::Complete { .. } => {}
                Effect::Save { what, to } => {
                    let (system, actor, told) = (self.system.clone(), self.actor.clone(), self.told.clone());
                    let here = self.manner.files;
                    tokio::spawn(async move {
                        let saved = if here { files::save_for(&system, &actor, what, &to).await } else { elsewhere() };
                        let _ = told.send(Event::Saved(saved)).await;
                    });
                }
                Effect::Copy(text) => self.screen.copy(&text),
                Effect::Edit { what, text } => self.edit = Some((what, text)),
                Effect::Ring(text) => {
                    if self.rung_at.is_none_or(|at| at.elapsed() >= RING_AGAIN) {
                        self.rung_at = Some(Instant::now());
                        self.screen.ring(&text, self.manner.bell.0, self.manner.bell.1);
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
    told: mpsc::Sender<Event>,
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
        let _ = told.try_send(event.unwrap_or_else(performed));
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
