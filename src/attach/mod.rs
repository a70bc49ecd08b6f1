//! One console on one surface. It carries events in and effects out, draws when something changed
//! and only then, and lets nothing that a terminal does harm the engine.

mod backend;
mod drive;
mod input;
mod keyboard;
mod tty;

pub use self::backend::ByteScreen;
pub use self::drive::{End, drive};
pub use self::input::{Input, Typed};
pub use self::tty::{Tty, is_terminal, theme};
