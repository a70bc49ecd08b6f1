//! The form that sends a file. Its values are not kept, so that an abandoned file is never sent with the next one.

use crate::console::files::FilePlace;
use crate::console::overlays::form_kind::{Field, FileField, Filled, FormKind, Submission, field};
use crate::console::user_error::UserError;
use crate::domain::ids::{MessageId, ThreadId};
use crate::domain::message::media::ImagePadding;
use crate::domain::request::Request;

/// Sends a file to a thread.
#[derive(Debug)]
pub(in crate::console) struct FileForm {
    pub thread: ThreadId,
    pub reply_to: Option<MessageId>,
}

impl FormKind for FileForm {
    fn title(&self) -> String {
        "Send a file".to_owned()
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            field("path", "Path", "tab completes; ~/ is home", ""),
            field("caption", "Caption", "optional", ""),
            field("pad", "Pad", "no, square (1080x1080) or tall (1080x1350)", "no"),
            field("colour", "Color", "corner, white, black or #rrggbb", "corner"),
            field("voice", "Voice note", "yes: convert audio to a voice note", "no"),
        ]
    }

    fn about(&self) -> String {
        self.thread.to_string()
    }

    fn needs_ctrl_s(&self) -> bool {
        true
    }

    fn is_kept(&self) -> bool {
        false
    }

    fn file(&self) -> Option<FileField> {
        Some(FileField { key: "path", is_checked: true })
    }

    fn submit(&self, filled: &Filled<'_>) -> Result<Submission, UserError> {
        let pad = ImagePadding::read(filled.text("pad"), filled.text("colour"));
        Ok(Submission::Perform(Request::SendFile {
            thread: self.thread,
            upload: filled.upload.ok_or("No file is named. Write its path.")?,
            caption: filled.owned("caption"),
            pad: pad?,
            voice: filled.text("voice").eq_ignore_ascii_case("yes"),
            reply_to: self.reply_to,
            at: None,
        }))
    }

    fn elsewhere(&self, place: FilePlace) -> Option<String> {
        // An attached console can upload the file, because its process has access to the user's files.
        (place == FilePlace::Ssh).then(|| {
            format!(
                "The console runs on the engine's side and cannot read your files. Send the file with:\n\n\
                 ssh HOST wadeck send --thread {} --file - --name NAME --caption WORDS < FILE",
                self.thread
            )
        })
    }
}
