//! What comes from the keyboard: keys, and the text fields that they edit.

mod field;
mod key;

pub(super) use self::field::{MAX_FIELD, MAX_LINE, TextField, Typed, clean_paste};
pub use self::key::{KeyCode, KeyEvent, KeyModifiers};
