//! A surface: the connection between a console and the terminal on which it is shown. Its two ends exchange events
//! and commands over channels, or as frames over a byte stream.

use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::console::{EditorError, FileError};
use crate::domain::message::upload::Uploaded;

/// Maximum size of a frame, in bytes: a large paste or an edited text.
pub const MAX_FRAME_BYTES: usize = 12 * 1024 * 1024;
/// Events that are buffered for the console.
const MAX_PENDING_EVENTS: usize = 64;

/// An event of the terminal, for the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SurfaceEvent {
    /// Input as the terminal sent it.
    Bytes(Vec<u8>),
    Size {
        columns: u16,
        rows: u16,
    },
    /// The last frame was displayed; the next one may be sent.
    Ready,
    /// The edited text, or why there is none.
    Edited(Result<String, EditorError>),
    /// A file of the user was uploaded, or why it was not.
    Uploaded {
        path: String,
        result: Result<Uploaded, FileError>,
    },
    /// The user returned from the shell; the whole screen has to be drawn again.
    Back,
}

/// A command of the console, for the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SurfaceCommand {
    /// Output for the terminal. The next frame is sent after [`SurfaceEvent::Ready`].
    Frame(Vec<u8>),
    /// Suspend the console until the user resumes it in the shell.
    Suspend,
    /// Open this text in the user's editor.
    Edit(String),
    /// Upload this file of the user to the engine.
    Upload(String),
    /// The console has ended; the reason, empty if it is obvious.
    End(String),
}

/// The console's end of a surface.
#[derive(Debug)]
pub struct Surface {
    pub events: mpsc::Receiver<SurfaceEvent>,
    pub commands: mpsc::Sender<SurfaceCommand>,
}

/// The terminal's end of a surface.
#[derive(Debug)]
pub struct SurfaceEndpoint {
    pub events: mpsc::Sender<SurfaceEvent>,
    pub commands: mpsc::Receiver<SurfaceCommand>,
}

/// Creates both ends of a surface. Dropping one ends the other.
pub fn pair() -> (Surface, SurfaceEndpoint) {
    let (to_console, events) = mpsc::channel(MAX_PENDING_EVENTS);
    let (commands, from_console) = mpsc::channel(4);
    (Surface { events, commands }, SurfaceEndpoint { events: to_console, commands: from_console })
}

/// Encodes a frame: a byte for its kind, and the body.
fn frame(kind: u8, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(body.len() + 1);
    frame.put_u8(kind);
    frame.put_slice(body);
    frame.freeze()
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

impl SurfaceEvent {
    /// Encodes it as a frame.
    pub fn frame(&self) -> Bytes {
        match self {
            Self::Bytes(bytes) => frame(b'k', bytes),
            Self::Size { columns, rows } => {
                let [a, b] = columns.to_be_bytes();
                let [c, d] = rows.to_be_bytes();
                frame(b's', &[a, b, c, d])
            }
            Self::Ready => frame(b'r', &[]),
            Self::Edited(Ok(text)) => frame(b'e', text.as_bytes()),
            Self::Edited(Err(why)) => frame(b'x', why.to_string().as_bytes()),
            Self::Uploaded { path, result } => frame(b'u', &serde_json::to_vec(&(path, result)).unwrap_or_default()),
            Self::Back => frame(b'b', &[]),
        }
    }

    /// Decodes a frame. `None` if it is unknown: the other end may be a newer version.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let (kind, body) = frame.split_first()?;
        Some(match kind {
            b'k' => Self::Bytes(body.to_vec()),
            b's' => {
                let [a, b, c, d] = *body else { return None };
                Self::Size { columns: u16::from_be_bytes([a, b]), rows: u16::from_be_bytes([c, d]) }
            }
            b'r' => Self::Ready,
            b'e' => Self::Edited(Ok(text(body))),
            b'x' => Self::Edited(Err(EditorError::Client(text(body)))),
            b'u' => {
                let (path, result) = serde_json::from_slice(body).ok()?;
                Self::Uploaded { path, result }
            }
            b'b' => Self::Back,
            _ => return None,
        })
    }
}

impl SurfaceCommand {
    /// Encodes it as a frame.
    pub fn frame(&self) -> Bytes {
        match self {
            Self::Frame(bytes) => frame(b'f', bytes),
            Self::Suspend => frame(b'z', &[]),
            Self::Edit(text) => frame(b'e', text.as_bytes()),
            Self::Upload(path) => frame(b'u', path.as_bytes()),
            Self::End(why) => frame(b'q', why.as_bytes()),
        }
    }

    /// Decodes a frame. `None` if it is unknown or invalid.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let (kind, body) = frame.split_first()?;
        Some(match kind {
            b'f' => Self::Frame(body.to_vec()),
            b'z' => Self::Suspend,
            b'e' => Self::Edit(text(body)),
            b'u' => Self::Upload(text(body)),
            b'q' => Self::End(text(body)),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UploadId;

    #[test]
    fn events_and_commands_are_decoded_as_they_were_encoded() {
        let events = [
            SurfaceEvent::Bytes(vec![0x1b, 0, 255]),
            SurfaceEvent::Size { columns: 300, rows: 1 },
            SurfaceEvent::Ready,
            SurfaceEvent::Edited(Ok("one\ntwo".into())),
            SurfaceEvent::Edited(Err(EditorError::Client("no editor".into()))),
            SurfaceEvent::Back,
            SurfaceEvent::Uploaded {
                path: "a b.txt".into(),
                result: Ok(Uploaded { upload: UploadId(3), name: "a b.txt".into(), bytes: 4, sha256: "00".into() }),
            },
            SurfaceEvent::Uploaded { path: "x".into(), result: Err(FileError::Client("x cannot be read.".into())) },
        ];
        for one in events {
            assert_eq!(SurfaceEvent::read(&one.frame()), Some(one));
        }
        let commands = [
            SurfaceCommand::Frame(vec![7; 40]),
            SurfaceCommand::Suspend,
            SurfaceCommand::Edit("x".into()),
            SurfaceCommand::Upload("a b.txt".into()),
            SurfaceCommand::End("x".into()),
        ];
        for one in commands {
            assert_eq!(SurfaceCommand::read(&one.frame()), Some(one));
        }
        for unknown in [&b""[..], b"?", b"s12"] {
            assert_eq!(SurfaceEvent::read(unknown), None);
        }
    }
}
