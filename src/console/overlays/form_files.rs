//! Files in forms. A console never reads a path: it asks the process whose terminal it is on to hand the file over, and
//! names it by its upload from then on.

use crate::console::files::{FilePlace, Saves};
use crate::console::overlays::form::{Form, FormKind};
use crate::console::overlays::platform_forms::PlatformForm;
use crate::console::overlays::{Overlay, Reading};
use crate::console::{Console, Effect};
use crate::domain::ids::UploadId;
use crate::domain::message::media::{FileCheck, FileFacts, ImagePadding};
use crate::domain::message::upload::Uploaded;
use crate::domain::query::Query;
use crate::domain::refusal::Done;

/// The file that a form names, on its way to becoming an upload.
#[derive(Debug, Clone, Default)]
pub(in crate::console) struct FormFile {
    /// A path that was handed over, and what it is named by.
    uploaded: Option<(String, Uploaded)>,
    /// A path that is being handed over.
    uploading: Option<String>,
    /// What its path may go on with.
    pub choices: Vec<String>,
}

impl FormFile {
    fn upload_of(&self, path: &str) -> Option<UploadId> {
        self.uploaded.as_ref().filter(|(known, _)| known == path).map(|(_, uploaded)| uploaded.upload)
    }
}

impl Form {
    /// The field that holds a path, if this form has one.
    fn file_key(&self) -> Option<&'static str> {
        match &self.kind {
            FormKind::File { .. } => Some("path"),
            FormKind::Template { .. } => Some("header"),
            FormKind::Platform(PlatformForm::Sample { .. }) => Some("source"),
            _ => None,
        }
    }

    /// The path that is filled in. An https address is none.
    fn file_path(&self) -> Option<&str> {
        self.file_key().map(|key| self.text(key)).filter(|path| !path.is_empty() && !path.starts_with("https://"))
    }

    fn pad(&self) -> Option<ImagePadding> {
        ImagePadding::read(self.text("pad"), self.text("colour")).ok().flatten()
    }

    /// Whether the cursor is in the field that holds a path.
    fn at_path(&self) -> bool {
        self.file_key().is_some_and(|key| self.fields.get(self.at).is_some_and(|field| field.has_key(key)))
    }
}

/// What to do instead of a form that takes or gives files, for whoever's files are not here.
fn elsewhere(kind: &FormKind, place: FilePlace) -> Option<String> {
    let (what, verb, attached, piped) = match kind {
        FormKind::File { thread, .. } => (
            "The console runs on the engine's side and cannot read your files. Send the file with:",
            format!("wadeck send --thread {thread}"),
            None,
            "--file - --name NAME --caption WORDS < FILE",
        ),
        FormKind::Save { message } => (
            "The console runs on the engine's side and cannot write your files. Save the file with:",
            format!("wadeck messages save {message}"),
            Some("DIRECTORY"),
            "- > FILE",
        ),
        FormKind::Export { thread } => (
            "The console runs on the engine's side and cannot write your files. Save the thread with:",
            format!("wadeck threads export {thread}"),
            Some("> FILE"),
            "> FILE",
        ),
        _ => return None,
    };
    let command = match place {
        FilePlace::Here => return None,
        // The process of an attached console opens a file itself, and hands it over.
        FilePlace::Attached => format!("{verb} {}", attached?),
        FilePlace::Ssh => format!("ssh HOST {verb} {piped}"),
    };
    Some(format!("{what}\n\n{command}"))
}

impl Console {
    /// Says how files are sent and saved from where they are; `false` where a form can do it.
    pub(in crate::console) fn files_are_elsewhere(&mut self, kind: &FormKind) -> bool {
        let Some(words) = elsewhere(kind, self.cx.settings.files) else { return false };
        self.loaded.told = words;
        self.overlay = Some(Overlay::reading(Reading::Elsewhere));
        true
    }

    /// Looks at the file of a form once its field is left: hands it over, then asks what it is.
    pub(in crate::console) fn look_at_file(&mut self) -> Vec<Effect> {
        self.loaded.form_file.choices.clear();
        let Some(Overlay::Form(form)) = &self.overlay else { return vec![] };
        let Some(path) = form.file_path().map(str::to_owned).filter(|_| matches!(form.kind, FormKind::File { .. }))
        else {
            return vec![];
        };
        let pad = form.pad();
        match self.loaded.form_file.upload_of(&path) {
            Some(upload) => self.ask(Query::File { upload, pad }),
            None => self.hand_over_file(path),
        }
    }

    fn hand_over_file(&mut self, path: String) -> Vec<Effect> {
        if self.loaded.form_file.uploading.as_ref() == Some(&path) {
            return vec![];
        }
        self.loaded.file = None;
        self.loaded.form_file.uploading = Some(path.clone());
        vec![Effect::Upload { path }]
    }

    /// The form's file came over, or did not.
    pub(in crate::console) fn uploaded(&mut self, path: &str, result: Result<Uploaded, String>) -> Vec<Effect> {
        self.loaded.form_file.uploading.take_if(|known| known.as_str() == path);
        let Some(Overlay::Form(form)) = &mut self.overlay else { return vec![] };
        // The form may name another file by now.
        let current = form.file_path() == Some(path);
        let waits = std::mem::take(&mut form.waits);
        match result {
            Ok(uploaded) if current => {
                self.loaded.form_file.uploaded = Some((path.to_owned(), uploaded));
                if waits { self.submit_form() } else { self.look_at_file() }
            }
            Err(why) if current => {
                let why = crate::domain::text::clean_line(&why);
                if waits {
                    form.fault = Some(why);
                } else {
                    self.loaded.file = Some(unreadable(why));
                }
                vec![]
            }
            _ if waits => self.submit_form(),
            _ => vec![],
        }
    }

    /// Completes the path under the cursor; `None` where there is none.
    pub(in crate::console) fn complete_path(&self) -> Option<Vec<Effect>> {
        let Some(Overlay::Form(form)) = &self.overlay else { return None };
        if self.cx.settings.files != FilePlace::Here || !form.at_path() {
            return None;
        }
        // A path that is as long as it gets is left as usual.
        let path = form.file_path()?.to_owned();
        Some(vec![Effect::Complete { path }])
    }

    /// A completion came: into the field, or on to the next one where there is nothing to add.
    pub(in crate::console) fn completed(&mut self, path: &str, to: &str, choices: Vec<String>) -> Vec<Effect> {
        let Some(Overlay::Form(form)) = &mut self.overlay else { return vec![] };
        if !form.at_path() || form.file_path() != Some(path) {
            return vec![];
        }
        let leaves = to == path && choices.is_empty();
        form.fields[form.at].input.set(to);
        self.loaded.form_file.choices = choices;
        if !leaves {
            return vec![];
        }
        form.at = if form.at + 1 == form.fields.len() { 0 } else { form.at + 1 };
        self.look_at_file()
    }

    /// Hands the form over, or says what is missing. Its file goes first.
    pub(in crate::console) fn submit_form(&mut self) -> Vec<Effect> {
        let (now, offset) = (self.cx.now, crate::console::words::offset(self.cx.now, self.cx.zone()));
        if let Some(instead) = self.approval_instead(now, offset) {
            return instead;
        }
        let place = self.cx.settings.files;
        let Some(Overlay::Form(form)) = &mut self.overlay else { return vec![] };
        if form.waits {
            return vec![];
        }
        form.fault = None;
        let saves = match &form.kind {
            FormKind::Save { message } => Some(Saves::File(*message)),
            FormKind::Export { thread } => Some(Saves::Thread(*thread)),
            _ => None,
        };
        if let Some(what) = saves {
            form.waits = true;
            return vec![Effect::Save { what, to: form.text("to").to_owned() }];
        }
        let path = form.file_path().map(str::to_owned);
        let upload = path.as_ref().and_then(|path| self.loaded.form_file.upload_of(path));
        if let Some(path) = path.filter(|_| upload.is_none()) {
            if place == FilePlace::Ssh {
                form.fault = Some(
                    "Your files are not on the engine's side of this console. Name it on the command line: \
                     `wadeck send --thread THREAD --template NAME --header FILE`, or `wadeck templates sample --connection CONNECTION FILE`."
                        .to_owned(),
                );
                return vec![];
            }
            form.waits = true;
            return self.hand_over_file(path);
        }
        match form.request(now, offset, upload) {
            Ok(request) => {
                form.waits = true;
                vec![Effect::Perform(self.panes.threads.as_seen(request))]
            }
            Err(why) => {
                form.fault = Some(why);
                vec![]
            }
        }
    }

    /// Something was saved, or not.
    pub(in crate::console) fn saved(&mut self, result: Result<String, String>) -> Vec<Effect> {
        let done = result.map(|path| Done { message: format!("Saved as {path}."), created_id: Some(path) });
        self.answer_form(&done);
        match done {
            Ok(Done { message: said, created_id: made }) => {
                self.cx.notice(said, false);
                made.map(Effect::Copy).into_iter().collect()
            }
            Err(why) => {
                self.cx.notice(why, true);
                vec![]
            }
        }
    }
}

fn unreadable(why: String) -> FileCheck {
    FileCheck {
        facts: FileFacts::default(),
        kind: None,
        warnings: vec![],
        refusal: Some(why),
        can_convert: false,
        preview: None,
    }
}
