//! A person at a console: presses keys, types, pastes, and looks at the screen. What the console
//! wants is done by the real operations behind it.

use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use wadeck::api::request_error;
use wadeck::attach::files;
use wadeck::bus::Subscription;
use wadeck::console::{
    Console, CustomCommands, Effect, Event, FilePlace, KeyCode, KeyEvent, KeyModifiers, Keymap, Settings, Theme,
};
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::access::scope_choice::ScopeChoice;
use wadeck::domain::message::picture::Pictures;
use wadeck::domain::request::Request;
use wadeck::domain::time::Timestamp;
use wadeck::operations::{ConsolePlace, OperationError, open_media, perform, run_custom_command, run_query};

use crate::stage::Stage;

pub struct Sitting {
    console: Box<Console>,
    actor: Actor,
    listener: Subscription,
    columns: u16,
    rows: u16,
    pub copied: Vec<String>,
    pub quit: bool,
    /// What the editor was given, and what it gives back.
    pub edited: Option<String>,
    pub editor: Option<String>,
    pub rings: Vec<String>,
    now: Timestamp,
    /// When the last key was pressed: what a person presses never falls together.
    typed_at: Timestamp,
    /// Everything that the console wanted done.
    pub performed: Vec<Request>,
}

/// Between the keys of somebody who looks at what each does.
const PACE: Duration = Duration::from_secs(1);
/// After a letter, until it is known that none follows at once.
const RESTS: Duration = Duration::from_millis(50);

pub const THEME: Theme = Theme { colour: true, ascii: false };

impl Sitting {
    pub async fn down(stage: &Stage, columns: u16, rows: u16) -> Self {
        Self::with(stage, columns, rows, Role::Admin, THEME).await
    }

    pub async fn drawing(stage: &Stage, pictures: Pictures) -> Self {
        Self::made(stage, (120, 40), Role::Admin, THEME, (pictures, true)).await
    }

    pub async fn without_editor(stage: &Stage) -> Self {
        Self::made(stage, (120, 40), Role::Admin, THEME, (Pictures::Blocks, false)).await
    }

    pub async fn with(stage: &Stage, columns: u16, rows: u16, role: Role, theme: Theme) -> Self {
        Self::made(stage, (columns, rows), role, theme, (Pictures::Blocks, true)).await
    }

    async fn made(
        stage: &Stage,
        (columns, rows): (u16, u16),
        role: Role,
        theme: Theme,
        (pictures, editor): (Pictures, bool),
    ) -> Self {
        let actor = Actor::Operator { name: "ada".into(), role };
        let mut keymap = Keymap::default();
        let commands = CustomCommands::read(stage.system.custom_commands(), &mut keymap).expect("valid");
        let settings = Settings {
            theme,
            zone: TimeZone::UTC,
            actor: actor.clone(),
            enter_sends: true,
            mark_read_on_open: true,
            typing: false,
            pictures,
            files: FilePlace::Here,
            editor,
            keymap,
            commands,
            scope: ScopeChoice::default(),
            quitting_ends: None,
            greeting: None,
        };
        let listener = stage.system.bus().subscribe();
        let (console, effects) = Console::new(settings, columns, rows, stage.now());
        let mut sitting = Self {
            console: Box::new(console),
            actor,
            listener,
            columns,
            rows,
            copied: vec![],
            quit: false,
            edited: None,
            editor: None,
            rings: vec![],
            now: stage.now(),
            typed_at: stage.now(),
            performed: vec![],
        };
        sitting.carry_out(stage, effects).await;
        sitting
    }

    /// Everything that has changed reaches the console, until nothing more follows.
    pub async fn look_up(&mut self, stage: &Stage) {
        self.now = stage.now();
        self.apply(stage, Event::Time(stage.now())).await;
        while let Some(change) = self.listener.try_next() {
            self.apply(stage, Event::Changed(change)).await;
        }
    }

    pub async fn apply(&mut self, stage: &Stage, event: Event) {
        let effects = self.console.update(event);
        self.carry_out(stage, effects).await;
    }

    async fn carry_out(&mut self, stage: &Stage, effects: Vec<Effect>) {
        let mut waiting: Vec<Effect> = effects;
        while !waiting.is_empty() {
            let mut next = vec![];
            for effect in waiting {
                let event = match effect {
                    Effect::Ask(query) => match run_query(&stage.system, &self.actor, query.clone()).await {
                        Ok(answer) => Event::Answered { query, answer: Box::new(answer) },
                        Err(error) => Event::NotAnswered { query, why: request_error(error) },
                    },
                    Effect::Perform(request) => {
                        self.performed.push(request.clone());
                        let result = match &request {
                            // They sit at the engine's own terminal.
                            Request::OpenMedia { message } => open_media(&stage.system, &self.actor, *message).await,
                            _ => perform(&stage.system, &self.actor, request.clone()).await,
                        };
                        let then = match &result {
                            Err(OperationError::Refused(refusal)) => {
                                refusal.all_the_same(request.clone()).map(|then| (refusal.reason.clone(), then))
                            }
                            _ => None,
                        };
                        match then {
                            Some((why, then)) => Event::WantsYes { request, why, then },
                            None => Event::Performed { request, result: result.map_err(request_error) },
                        }
                    }
                    Effect::RunCommand { title, values } => {
                        let place = ConsolePlace::Local;
                        let run = run_custom_command(&stage.system, &self.actor, &title, &values, place).await;
                        Event::CommandEnded { title, result: run.map_err(request_error) }
                    }
                    Effect::Copy(text) => {
                        self.copied.push(text);
                        continue;
                    }
                    Effect::Quit => {
                        self.quit = true;
                        continue;
                    }
                    Effect::Edit { what, text } => {
                        self.edited = Some(text.clone());
                        Event::Edited { what, text: Ok(self.editor.take().unwrap_or(text)) }
                    }
                    Effect::Ring(text) => {
                        self.rings.push(text);
                        continue;
                    }
                    Effect::Upload { path } => {
                        let result = files::upload(&stage.system, &self.actor, &path).await;
                        Event::Uploaded { path, result }
                    }
                    Effect::Complete { path } => {
                        let (to, choices) = files::complete(&path);
                        Event::Completed { path, to, choices }
                    }
                    Effect::Save { what, to } => {
                        Event::Saved(files::save_for(&stage.system, &self.actor, what, &to).await)
                    }
                    Effect::Redraw | Effect::Suspend => continue,
                };
                next.extend(self.console.update(event));
            }
            waiting = next;
        }
    }

    /// Keys by name, one after the other and each for itself: `"j j enter"`.
    pub async fn press(&mut self, stage: &Stage, keys: &str) {
        for name in keys.split(' ') {
            self.typed_at = self.typed_at.max(stage.now()).plus(PACE);
            self.apply(stage, Event::Time(self.typed_at)).await;
            let (modifiers, name) = match name.split_once('-') {
                Some(("ctrl", rest)) => (KeyModifiers::CONTROL, rest),
                Some(("alt", rest)) => (KeyModifiers::ALT, rest),
                _ => (KeyModifiers::NONE, name),
            };
            let code = match name {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" => KeyCode::Tab,
                "up" => KeyCode::Up,
                "left" => KeyCode::Left,
                "right" => KeyCode::Right,
                "home" => KeyCode::Home,
                "end" => KeyCode::End,
                "delete" => KeyCode::Delete,
                "down" => KeyCode::Down,
                "backspace" => KeyCode::Backspace,
                "space" => KeyCode::Char(' '),
                other => KeyCode::Char(other.chars().next().expect("a key")),
            };
            self.apply(stage, Event::Key(KeyEvent::new(code, modifiers))).await;
            self.apply(stage, Event::Time(self.typed_at.plus(RESTS))).await;
        }
        self.look_up(stage).await;
    }

    /// A key whose wishes are not fulfilled yet: the answers are still on their way.
    pub fn only_press(&mut self, letter: char) {
        self.typed_at = self.typed_at.plus(PACE);
        self.console.update(Event::Time(self.typed_at));
        self.console.update(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
        self.console.update(Event::Time(self.typed_at.plus(RESTS)));
    }

    /// Letters with so much time between them, as a person or a machine types them.
    pub async fn types_every(&mut self, stage: &Stage, gap: Duration, text: &str) {
        self.typed_at = self.typed_at.max(stage.now()).plus(PACE);
        for letter in text.chars() {
            let code = match letter {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                other => KeyCode::Char(other),
            };
            self.typed_at = self.typed_at.plus(gap);
            self.apply(stage, Event::Time(self.typed_at)).await;
            self.apply(stage, Event::Key(KeyEvent::new(code, KeyModifiers::NONE))).await;
        }
        self.apply(stage, Event::Time(self.typed_at.plus(RESTS))).await;
    }

    /// Faster than any answer comes: everything is typed before the first wish is fulfilled.
    pub async fn types_ahead(&mut self, stage: &Stage, text: &str) {
        let mut effects = vec![];
        for letter in text.chars() {
            let code = if letter == '\n' { KeyCode::Enter } else { KeyCode::Char(letter) };
            self.typed_at = self.typed_at.max(self.now).plus(RESTS);
            effects.extend(self.console.update(Event::Time(self.typed_at)));
            effects.extend(self.console.update(Event::Key(KeyEvent::new(code, KeyModifiers::NONE))));
        }
        effects.extend(self.console.update(Event::Time(self.typed_at.plus(RESTS))));
        self.carry_out(stage, effects).await;
        self.look_up(stage).await;
    }

    pub async fn types(&mut self, stage: &Stage, text: &str) {
        for letter in text.chars() {
            self.apply(stage, Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE))).await;
        }
    }

    pub async fn pastes(&mut self, stage: &Stage, text: &str) {
        self.apply(stage, Event::Paste(text.to_owned())).await;
    }

    pub async fn resizes(&mut self, stage: &Stage, columns: u16, rows: u16) {
        (self.columns, self.rows) = (columns, rows);
        self.apply(stage, Event::Resize { columns, rows }).await;
    }

    pub fn buffer(&self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.columns, self.rows)).expect("a screen");
        terminal.draw(|frame| self.console.draw(frame)).expect("drawn");
        terminal.backend().buffer().clone()
    }

    /// What a terminal is sent for the whole screen.
    pub fn bytes(&self) -> String {
        let mut screen = wadeck::attach::ByteScreen::new(self.columns, self.rows).expect("a screen");
        String::from_utf8(screen.draw(&self.console).expect("drawn")).expect("UTF-8")
    }

    /// The screen as text, without trailing blanks.
    pub fn screen(&self) -> String {
        let buffer = self.buffer();
        let mut lines = vec![];
        for y in 0..self.rows {
            let mut line = String::new();
            let mut x = 0;
            while x < self.columns {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += (unicode_width::UnicodeWidthStr::width(symbol) as u16).max(1);
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }

    /// What stands at the left of the cursor and under it, in the line that it is in.
    pub fn around_cursor(&self) -> (String, String) {
        let mut terminal = Terminal::new(TestBackend::new(self.columns, self.rows)).expect("a screen");
        terminal.draw(|frame| self.console.draw(frame)).expect("drawn");
        let at = terminal.get_cursor_position().expect("a cursor");
        let buffer = terminal.backend().buffer();
        let cells = |from: u16, to: u16| (from..to).map(|x| buffer[(x, at.y)].symbol()).collect::<String>();
        (cells(0, at.x), cells(at.x, self.columns))
    }

    pub fn sees(&self, words: &str) {
        let screen = self.screen();
        assert!(screen.contains(words), "{words:?} is not on the screen:\n{screen}");
    }

    pub fn does_not_see(&self, words: &str) {
        let screen = self.screen();
        assert!(!screen.contains(words), "{words:?} is on the screen:\n{screen}");
    }

    pub fn next_tick(&self) -> wadeck::domain::time::Timestamp {
        self.console.next_tick()
    }
}
