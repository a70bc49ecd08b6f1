//! Keyboard input: keys, key bindings, and text fields.

pub(super) mod chord;
mod field;
mod key;
pub(super) mod keymap;
pub(super) mod typing;

pub use self::chord::Chord;
pub(super) use self::field::{MAX_FIELD, MAX_LINE, TextField, Typed, clean_paste};
pub use self::key::{KeyCode, KeyEvent, KeyModifiers};
pub use self::keymap::Keymap;
