//! A form: fields, a preview of what will be sent, and the reason of a refusal. Every dialog with more than one line
//! uses it; a [`FormKind`] defines its subject.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::begun::Begun;
use super::boxed::{centred, draw_box};
use super::form_file::FormFile;
use super::form_kind::{Field, Filled, FormKind, Submission, text_of};
use super::reading::Reading;
use super::readings::plain::PlainText;
use crate::console::draw::put::put;
use crate::console::event::Effect;
use crate::console::files::FilePlace;
use crate::console::input::{KeyCode, KeyModifiers, Typed};
use crate::console::intent::{Intent, Overlay, OverlayEvent};
use crate::console::scene::{Press, Scene};
use crate::console::surface_errors::FileError;
use crate::console::words;
use crate::domain::ids::UploadId;
use crate::domain::message::media::ImagePadding;
use crate::domain::message::upload::Uploaded;
use crate::domain::numbers::connection::Environment;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// A form that is being filled in.
#[derive(Debug)]
pub(in crate::console) struct Form {
    kind: Box<dyn FormKind>,
    title: String,
    fields: Vec<Field>,
    at: usize,
    /// Why the form was refused.
    fault: Option<String>,
    waits: Option<Waits>,
    file: FormFile,
}

/// The result that a submitted form waits for.
#[derive(Debug)]
enum Waits {
    Request(Request),
    Save,
    /// The form's file is being uploaded first.
    File,
}

impl Form {
    /// Opens a form.
    pub fn open(kind: impl FormKind + 'static) -> Intent {
        let (title, fields) = (kind.title(), kind.fields());
        let file = FormFile::default();
        Intent::Front(Box::new(Self { kind: Box::new(kind), title, fields, at: 0, fault: None, waits: None, file }))
    }

    /// Returns the values of the form.
    fn filled(&self, scene: &Scene<'_>, upload: Option<UploadId>) -> Filled<'_> {
        let now = scene.cx.now;
        Filled { fields: &self.fields, now, zone_offset: words::offset(now, scene.cx.zone()), upload }
    }

    /// Returns the path that is filled in; `None` if there is none or it is an https address.
    fn path(&self) -> Option<String> {
        let path = self.kind.file().map(|file| text_of(&self.fields, file.key));
        path.filter(|path| !path.is_empty() && !path.starts_with("https://")).map(str::to_owned)
    }

    /// Returns `true` if the cursor is in the field for a path.
    fn at_path(&self) -> bool {
        self.kind.file().is_some_and(|file| self.fields.get(self.at).is_some_and(|field| field.key == file.key))
    }

    /// Moves the cursor to a field.
    fn go_to(&mut self, at: usize) -> Vec<Intent> {
        self.at = at;
        self.look_at_file()
    }

    /// Returns the next field's index, with wraparound.
    fn next(&self) -> usize {
        if self.at + 1 >= self.fields.len() { 0 } else { self.at + 1 }
    }

    /// Checks the form's file after its field is left: uploads it, then queries its type and limits.
    fn look_at_file(&mut self) -> Vec<Intent> {
        self.file.choices.clear();
        let Some(path) = self.path().filter(|_| self.kind.file().is_some_and(|file| file.is_checked)) else {
            return vec![];
        };
        match self.file.upload_of(&path) {
            Some(upload) => {
                let pad =
                    ImagePadding::read(text_of(&self.fields, "pad"), text_of(&self.fields, "colour")).ok().flatten();
                vec![Intent::Ask(Query::File { upload, pad })]
            }
            None => self.file.upload(&path),
        }
    }

    /// Submits the form, or shows what is missing. The form's file is uploaded first.
    fn submit(&mut self, scene: &Scene<'_>) -> Vec<Intent> {
        if self.waits.is_some() {
            return vec![];
        }
        self.fault = None;
        let path = self.path();
        let upload = path.as_ref().and_then(|path| self.file.upload_of(path));
        if let Some(path) = path.filter(|_| upload.is_none()) {
            if scene.cx.settings.files == FilePlace::Ssh {
                self.fault = Some(
                    "Your files are not on the engine's side of this console. Name it on the command line: \
                     `wadeck send --thread THREAD --template NAME --header FILE`, or `wadeck templates sample --connection CONNECTION FILE`."
                        .to_owned(),
                );
                return vec![];
            }
            self.waits = Some(Waits::File);
            return self.file.upload(&path);
        }
        match self.kind.submit(&self.filled(scene, upload)) {
            Ok(Submission::Perform(request)) => {
                self.waits = Some(Waits::Request(request.clone().into_parts().0));
                vec![Intent::Submit(request)]
            }
            Ok(Submission::Save(what, to)) => {
                self.waits = Some(Waits::Save);
                vec![Intent::Effect(Effect::Save { what, to })]
            }
            Ok(Submission::Confirm(question, request)) => vec![Intent::ask_first(question, request)],
            Err(why) => {
                self.fault = Some(why.to_string());
                vec![]
            }
        }
    }

    /// Handles the result of a submission: closes the form on success, else shows the reason.
    fn ended(&mut self, fault: Option<&impl ToString>) -> Vec<Intent> {
        self.waits = None;
        self.fault = fault.map(|why| clean_line(&why.to_string()));
        if self.fault.is_none() { vec![Intent::Close] } else { vec![] }
    }

    /// Handles the result of an upload.
    fn uploaded(&mut self, scene: &Scene<'_>, path: &str, result: &Result<Uploaded, FileError>) -> Vec<Intent> {
        self.file.ended(path);
        // The path may have changed since the upload began.
        let current = self.path().as_deref() == Some(path);
        let waits = self.waits.take_if(|waits| matches!(waits, Waits::File)).is_some();
        match result {
            Ok(uploaded) if current => {
                self.file.keep(path, uploaded.clone());
                if waits { self.submit(scene) } else { self.look_at_file() }
            }
            Err(why) if current && waits => {
                self.fault = Some(clean_line(&why.to_string()));
                vec![]
            }
            Err(why) if current => {
                self.file.is_unreadable(clean_line(&why.to_string()));
                vec![]
            }
            _ if waits => self.submit(scene),
            _ => vec![],
        }
    }

    /// Handles a completion: fills it in, or goes to the next field if there is nothing to add.
    fn completed(&mut self, path: &str, to: &str, choices: &[String]) -> Vec<Intent> {
        if !self.at_path() || self.path().as_deref() != Some(path) {
            return vec![];
        }
        let leaves = to == path && choices.is_empty();
        self.fields[self.at].input.set(to);
        self.file.choices = choices.to_vec();
        if leaves { self.go_to(self.next()) } else { vec![] }
    }

    /// Returns the preview, wrapped.
    fn preview(&self, scene: &Scene<'_>, width: usize) -> Vec<(String, Style)> {
        let theme = scene.cx.settings.theme;
        let mut lines = self.kind.preview(theme, &self.filled(scene, None));
        if self.kind.file().is_some_and(|file| file.is_checked) {
            lines.extend(self.file.lines(theme));
        }
        let wrapped = |(text, style): (String, Style)| words::wrap(&text, width).into_iter().map(move |l| (l, style));
        lines.into_iter().flat_map(wrapped).collect()
    }

    /// Draws the fields. Returns the position of the text cursor.
    fn draw_fields(&self, scene: &Scene<'_>, buffer: &mut Buffer, inner: Rect) -> Position {
        let theme = scene.cx.settings.theme;
        let label = self.fields.iter().map(|field| words::width(&field.label)).max().unwrap_or(0).min(22) as u16;
        let mut cursor = Position::new(inner.x, inner.y);
        for (row, field) in self.fields.iter().enumerate().take(inner.height.into()) {
            let y = inner.y + row as u16;
            let here = row == self.at;
            let name = words::pad(&field.label, label.into(), theme.ellipsis());
            put(buffer, inner.x, y, label, &name, if here { theme.accent() } else { theme.dim() });
            let x = inner.x + label + 2;
            let room = inner.right().saturating_sub(x);
            if field.input.text().is_empty() {
                let hint = words::fit(&field.hint, room.into(), theme.ellipsis());
                put(buffer, x, y, room, &hint, theme.dim());
            }
            let (shown, column) = field.input.view(room.into());
            put(buffer, x, y, room, &shown, theme.plain());
            if here {
                cursor = Position::new(x + column as u16, y);
            }
        }
        cursor
    }
}

impl Overlay for Form {
    fn takes_text(&self) -> bool {
        true
    }

    fn waits(&self) -> bool {
        self.waits.is_some()
    }

    /// Restores the values of the same form that was closed before. Where the user's files are not accessible to this
    /// form, shows what to do instead.
    fn opened(&mut self, scene: &Scene<'_>, begun: &mut Option<Begun>) -> Vec<Intent> {
        if let Some(words) = self.kind.elsewhere(scene.cx.settings.files) {
            return vec![Reading::open(PlainText::new("Files", words))];
        }
        let same = |begun: &mut Begun| {
            begun.title == self.title && begun.about == self.kind.about() && begun.inputs.len() == self.fields.len()
        };
        if let Some(begun) = begun.take_if(same) {
            for (field, input) in self.fields.iter_mut().zip(begun.inputs) {
                field.input = input;
            }
        }
        vec![]
    }

    fn paste(&mut self, _: &Scene<'_>, text: &str) -> Vec<Intent> {
        let cut = self.fields[self.at].input.paste(text);
        self.fault = cut.then(|| "The pasted text was cut: a field holds up to 4096 characters.".to_owned());
        vec![]
    }

    fn key(&mut self, scene: &Scene<'_>, press: &Press) -> Vec<Intent> {
        let last = self.fields.len().saturating_sub(1);
        match press.key.code {
            // If the path cannot be completed further, tab goes to the next field.
            KeyCode::Tab if scene.cx.settings.files == FilePlace::Here && self.at_path() && self.path().is_some() => {
                self.path().map(|path| Intent::Effect(Effect::Complete { path })).into_iter().collect()
            }
            KeyCode::Esc if self.kind.is_kept() => {
                let inputs = self.fields.iter().map(|field| field.input.clone()).collect();
                let begun = Begun { title: self.title.clone(), about: self.kind.about(), inputs };
                vec![Intent::KeepForm(begun), Intent::Close]
            }
            KeyCode::Esc => vec![Intent::Close],
            KeyCode::Char('s') if press.key.modifiers.contains(KeyModifiers::CONTROL) => self.submit(scene),
            KeyCode::Enter if self.at == last && !self.kind.needs_ctrl_s() => self.submit(scene),
            KeyCode::Enter if self.at == last => {
                // Enter may end a typed sentence, so a form that sends is submitted only with ctrl-s.
                let said = "Press ctrl-s to submit; enter goes to the next field.".to_owned();
                let mut intents = vec![Intent::Notice(said)];
                intents.extend(self.go_to(0));
                intents
            }
            KeyCode::Enter | KeyCode::Down | KeyCode::Tab => self.go_to(self.next()),
            KeyCode::Up | KeyCode::BackTab => self.go_to(self.at.checked_sub(1).unwrap_or(last)),
            _ => {
                if self.fields[self.at].input.key(&press.key) == Typed::Changed {
                    self.fault = None;
                }
                vec![]
            }
        }
    }

    fn update(&mut self, scene: &Scene<'_>, event: &OverlayEvent<'_>) -> Vec<Intent> {
        match event {
            OverlayEvent::Performed(request, result) => match &self.waits {
                Some(Waits::Request(sent)) if sent == *request => self.ended(result.as_ref().err()),
                _ => vec![],
            },
            OverlayEvent::Saved(result) if matches!(self.waits, Some(Waits::Save)) => self.ended(result.as_ref().err()),
            OverlayEvent::Uploaded(path, result) => self.uploaded(scene, path, result),
            OverlayEvent::Completed(path, to, choices) => self.completed(path, to, choices),
            OverlayEvent::Answered(Query::File { .. }, Answer::File(file)) => {
                self.file.check = Some((**file).clone());
                vec![]
            }
            // The question about the request was closed without a yes, so the form can be edited again.
            OverlayEvent::Uncovered => {
                self.waits = None;
                vec![]
            }
            _ => vec![],
        }
    }

    fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
        let (cx, theme) = (scene.cx, scene.cx.settings.theme);
        let width = screen.width.saturating_sub(4).min(86);
        let preview = self.preview(scene, usize::from(width) - 4);
        let rows = self.fields.len() as u16 + preview.len() as u16 + 4;
        let area = centred(screen, width, rows.clamp(6, screen.height.saturating_sub(2)));
        let hint = match (self.waits.is_some(), self.kind.is_kept()) {
            (true, _) => "loading",
            (false, true) => "enter next field, ctrl-s sends, esc saves for later",
            (false, false) => "enter next field, ctrl-s sends, esc cancels",
        };
        // The title begins with the environment of the form's subject if more than one scope is known.
        let environment = scene.environment().filter(|_| cx.scopes_known().len() > 1);
        let title = match environment {
            Some(environment) => format!("{} {}", environment.badge(), self.title),
            None => self.title.clone(),
        };
        let title = words::fit(&title, usize::from(width) - 6, theme.ellipsis());
        let inner = draw_box(theme, buffer, area, &title, hint);
        // A production form also has the production color.
        if environment == Some(Environment::Production) {
            let room = area.width.saturating_sub(4);
            put(buffer, area.x + 2, area.y, room, &format!(" {title} "), theme.environment(Environment::Production));
        }
        let cursor = self.draw_fields(scene, buffer, inner);
        let mut y = inner.y + self.fields.len() as u16 + 1;
        for line in self.fault.iter().flat_map(|fault| words::wrap(fault, inner.width.into())) {
            put(buffer, inner.x, y, inner.width, &line, theme.bad());
            y += 1;
        }
        for (text, style) in preview {
            if y >= inner.bottom() {
                break;
            }
            put(buffer, inner.x, y, inner.width, &text, style);
            y += 1;
        }
        if theme.colour {
            self.file.draw_preview(buffer, inner, y);
        }
        Some(cursor)
    }
}
