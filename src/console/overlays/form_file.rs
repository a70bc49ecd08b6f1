//! The file of a form and its upload. The console never reads a path: it requests an upload from the process that
//! owns the terminal, and refers to the file by its upload id afterwards.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::picture::draw_blocks;
use crate::console::event::Effect;
use crate::console::intent::Intent;
use crate::console::theme::Theme;
use crate::domain::ids::UploadId;
use crate::domain::message::media::{FileCheck, FileFacts, size};
use crate::domain::message::upload::Uploaded;
use crate::domain::text::clean_line;

/// Height of the preview of a picture, in lines.
const PREVIEW: u16 = 8;

/// The file of a form, from its path to its upload.
#[derive(Debug, Default)]
pub(in crate::console) struct FormFile {
    /// The path that was uploaded, and its upload.
    uploaded: Option<(String, Uploaded)>,
    /// The path that is being uploaded.
    uploading: Option<String>,
    /// Completions of the path.
    pub choices: Vec<String>,
    /// The result of the file's check.
    pub check: Option<FileCheck>,
}

impl FormFile {
    /// Draws a small preview of a picture in the last lines above `y`, if at least three lines fit.
    pub fn draw_preview(&self, buffer: &mut Buffer, inner: Rect, y: u16) {
        let Some(raster) = self.check.as_ref().and_then(|file| file.preview.as_ref()) else { return };
        let top = y.saturating_sub(PREVIEW);
        let height = inner.bottom().saturating_sub(top).min(PREVIEW);
        if height >= 3 {
            draw_blocks(buffer, Rect { x: inner.x, y: top, width: inner.width.min(24), height }, raster);
        }
    }

    /// Returns the upload of a path; `None` if it was not uploaded.
    pub fn upload_of(&self, path: &str) -> Option<UploadId> {
        self.uploaded.as_ref().filter(|(known, _)| known == path).map(|(_, uploaded)| uploaded.upload)
    }

    /// Uploads the file at a path, unless its upload is in progress.
    pub fn upload(&mut self, path: &str) -> Vec<Intent> {
        if self.uploading.as_deref() == Some(path) {
            return vec![];
        }
        self.check = None;
        self.uploading = Some(path.to_owned());
        vec![Intent::Effect(Effect::Upload { path: path.to_owned() })]
    }

    /// Records that an upload ended, successfully or not.
    pub fn ended(&mut self, path: &str) {
        self.uploading.take_if(|known| known.as_str() == path);
    }

    /// Stores the upload of a path.
    pub fn keep(&mut self, path: &str, uploaded: Uploaded) {
        self.uploaded = Some((path.to_owned(), uploaded));
    }

    /// Records why the file cannot be read or uploaded.
    pub fn is_unreadable(&mut self, why: String) {
        self.check = Some(FileCheck {
            facts: FileFacts::default(),
            kind: None,
            warnings: vec![],
            refusal: Some(why),
            can_convert: false,
            preview: None,
        });
    }

    /// Returns the check of the file as lines, followed by empty lines for its preview.
    pub fn lines(&self, theme: Theme) -> Vec<(String, Style)> {
        if !self.choices.is_empty() {
            return vec![(self.choices.join("  "), theme.dim())];
        }
        let Some(file) = &self.check else {
            return vec![("The file is checked when its path is entered.".to_owned(), theme.dim())];
        };
        let mut lines = vec![];
        if let Some(refusal) = &file.refusal {
            lines.push((clean_line(refusal), theme.bad()));
        }
        if let Some(kind) = file.kind {
            let pixels = file.facts.size.map(|(w, h)| format!(", {w}x{h}")).unwrap_or_default();
            let what = format!("{}: {}, {}{pixels}", kind.name(), file.facts.mime_type, size(file.facts.bytes));
            lines.push((what, theme.good()));
        }
        lines.extend(file.warnings.iter().map(|warning| (format!("! {}", clean_line(warning)), theme.warn())));
        if file.can_convert {
            lines.push(("It can be converted to a voice note: enter yes.".to_owned(), theme.plain()));
        }
        if file.preview.is_some() {
            lines.extend((0..PREVIEW).map(|_| (String::new(), theme.plain())));
        }
        lines
    }
}
