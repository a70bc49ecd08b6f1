//! The loop between a console and its surface: it wakes for a reason, takes everything that is
//! there, and draws once.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::input::{Input, Typed};
use super::keyboard::Keyboard;
use super::tty::Tty;
use crate::console::{Console, Edit, Effect, Event, Settings};
use crate::domain::change::Change;
use crate::domain::request::Request;
use crate::domain::role::Actor;
use crate::operations::{OperationError, System, perform, tell};

/// Two frames are at least this far apart.
const FRAME: Duration = Duration::from_millis(33);
/// Changes are gathered this long before the console asks again.
const GATHER: Duration = Duration::from_millis(80);
/// How often it is asked whether the terminal is still there.
const WATCH: Duration = Duration::from_secs(2);

/// Two rings are at least this far apart.
const RING_AGAIN: Duration = Duration::from_secs(10);

/// Why a console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Somebody quit.
    Quit,
    /// The terminal went away.
    Gone,
    /// The process was asked to end.
    Terminated,
}

/// Drives a console until it ends. Drafts are kept before it returns.
pub async fn drive(
    system: &System,
    settings: Settings,
    tty: &mut Tty,
    stop: &CancellationToken,
    bell: (bool, bool),
) -> std::io::Result<End> {
    let (columns, rows) = crossterm::terminal::size()?;
    let actor = settings.actor.clone();
    let (told, mut telling) = mpsc::channel::<Event>(256);
    let (acts, acting) = mpsc::unbounded_channel::<Request>();
    let worker = tokio::spawn(act_in_order(system.clone(), actor.clone(), acting, told.clone()));

    let mut listener = system.bus().listen();
    let (mut keyboard, mut input) = (Keyboard::start()?, Input::default());
    let mut resized = signal(SignalKind::window_change())?;
    let mut pause: Option<Instant> = None;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut watch = tokio::time::interval(WATCH);
    watch.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);

    let (mut console, effects) = Console::new(settings, columns, rows, system.now());
    let mut drive = Drive { system, actor, told, acts, quit: false, edit: None, bell, rung_at: None };
    drive.carry_out(effects, tty)?;

    let mut dirty = true;
    let mut drawn_at = Instant::now() - FRAME;
    let mut gathered: Vec<Change> = vec![];
    let mut gather_until: Option<Instant> = None;
    let end = loop {
        if drive.quit {
            break End::Quit;
        }
        if let Some((what, text)) = drive.edit.take() {
            // Nobody else may read the keys meanwhile.
            drop(keyboard);
            let text = tty.edit(&text).await;
            keyboard = Keyboard::start()?;
            let effects = console.update(Event::Edited { what, text });
            drive.carry_out(effects, tty)?;
            dirty = true;
        }
        if dirty && !tty.is_busy() && drawn_at.elapsed() >= FRAME {
            tty.draw(&console)?;
            (dirty, drawn_at) = (false, Instant::now());
        }
        let tick = console.next_tick().since(system.now());
        let tick = Instant::now() + tick.min(Duration::from_secs(3_600));
        let mut events: Vec<Event> = vec![];
        tokio::select! {
            biased;
            _ = hangup.recv() => break End::Gone,
            _ = terminate.recv() => break End::Terminated,
            () = stop.cancelled() => break End::Terminated,
            bytes = keyboard.next() => match bytes {
                Some(bytes) => {
                    events.extend(input.read(&bytes).into_iter().map(Event::from));
                    pause = input.patience().map(|patience| Instant::now() + patience);
                }
                // The end of input, or an input that cannot be read: nobody is there.
                None => break End::Gone,
            },
            () = sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() => {
                pause = None;
                events.extend(input.pause().into_iter().map(Event::from));
            }
            _ = resized.recv() => {
                let (columns, rows) = crossterm::terminal::size()?;
                tty.resize(columns, rows);
                events.push(Event::Resize { columns, rows });
            }
            event = telling.recv() => events.extend(event),
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
            () = sleep_until(drawn_at + FRAME), if dirty && !tty.is_busy() => continue,
            () = tty.written.notified(), if tty.is_busy() => continue,
            _ = watch.tick() => {
                if tty.is_gone() {
                    break End::Gone;
                }
                continue;
            }
        }
        while let Ok(event) = telling.try_recv() {
            events.push(event);
        }
        events.insert(0, Event::Time(system.now()));
        for event in events {
            let effects = console.update(event);
            drive.carry_out(effects, tty)?;
        }
        dirty = true;
    };
    // What was being written is on the disk before the console is gone.
    let effects = console.update(Event::Key(crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Char('c'),
        crossterm::event::KeyModifiers::CONTROL,
    )));
    for effect in effects {
        if let Effect::Perform(request) = effect {
            let _ = drive.acts.send(request);
        }
    }
    drop(drive);
    let _ = tokio::time::timeout(Duration::from_secs(1), worker).await;
    Ok(end)
}

struct Drive<'s> {
    system: &'s System,
    actor: Actor,
    told: mpsc::Sender<Event>,
    acts: mpsc::UnboundedSender<Request>,
    quit: bool,
    /// What is to be edited outside.
    edit: Option<(Edit, String)>,
    /// The bell, and desktop notices.
    bell: (bool, bool),
    rung_at: Option<Instant>,
}

impl Drive<'_> {
    fn carry_out(&mut self, effects: Vec<Effect>, tty: &mut Tty) -> std::io::Result<()> {
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
                Effect::Perform(request) => {
                    let _ = self.acts.send(request);
                }
                Effect::Copy(text) => tty.copy(&text),
                Effect::Edit { what, text } => self.edit = Some((what, text)),
                Effect::Ring(text) => {
                    if self.rung_at.is_none_or(|at| at.elapsed() >= RING_AGAIN) {
                        self.rung_at = Some(Instant::now());
                        tty.ring(&text, self.bell.0, self.bell.1);
                    }
                }
                Effect::Redraw => tty.redraw()?,
                Effect::Suspend => tty.suspend()?,
                Effect::Quit => self.quit = true,
            }
        }
        Ok(())
    }
}

/// Requests are done one after the other, as they were made.
async fn act_in_order(
    system: System,
    actor: Actor,
    mut acting: mpsc::UnboundedReceiver<Request>,
    told: mpsc::Sender<Event>,
) {
    while let Some(request) = acting.recv().await {
        let result = perform(&system, &actor, request.clone()).await.map_err(|error| spoken(&error));
        // A console that has ended is not told, but what it asked for is done.
        let _ = told.try_send(Event::Performed { request, result });
    }
}

fn spoken(error: &OperationError) -> String {
    match error {
        OperationError::Refused(refusal) => refusal.to_string(),
        OperationError::Failed(error) => match crate::api::failed(error) {
            crate::api::Trouble::Failed { id, said } => format!("{said} (log: {id})"),
            crate::api::Trouble::Refused(refusal) => refusal.to_string(),
        },
    }
}

impl From<Typed> for Event {
    fn from(typed: Typed) -> Self {
        match typed {
            Typed::Key(key) => Self::Key(key),
            Typed::Paste(text) => Self::Paste(text),
        }
    }
}
