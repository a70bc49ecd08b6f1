//! Runs one console on one terminal, local or remote: passes events to the console, executes its effects, and draws
//! when something changed. No input of a terminal can harm the engine.

mod backend;
mod drive;
pub mod files;
mod input;
mod keyboard;
mod line;
mod links;
mod pacing;
#[cfg(feature = "ssh")]
pub mod ssh;
mod surface;
mod tty;

pub use self::backend::{ByteScreen, RingSignals};
pub use self::drive::{End, SurfaceOptions, drive};
pub use self::input::{Input, Typed};
pub use self::line::{UploadHandler, carry, host};
pub use self::surface::{Surface, SurfaceCommand, SurfaceEndpoint, SurfaceEvent, pair};
pub use self::tty::{Left, Tty, is_terminal, run_owning_terminal, size, theme};
