//! One console on one surface. It carries events in and effects out, draws when something changed
//! and only then, and lets nothing that a terminal does harm the engine.

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
pub use self::tty::{Left, Tty, at_home, is_terminal, size, theme};
