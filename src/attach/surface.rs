//! Both ends of a surface: the console's, which draws and is told what was done, and the screen's,
//! where somebody sits. Between them lies a channel; or a line, over which the same goes in frames.

use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::domain::message::upload::Uploaded;

/// A frame is no larger: a paste or what an editor wrote.
pub const LONGEST_FRAME: usize = 12 * 1024 * 1024;
/// Things that were done and not yet taken.
const WAITING: usize = 64;

/// What comes from where somebody sits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SurfaceEvent {
    /// What was typed, as the terminal sent it.
    Bytes(Vec<u8>),
    Size {
        columns: u16,
        rows: u16,
    },
    /// The last frame is on the screen: there may be another.
    Ready,
    /// What the editor wrote, or why there is nothing.
    Edited(Result<String, String>),
    /// A file of theirs was handed over to the engine, or why it was not.
    Uploaded {
        path: String,
        result: Result<Uploaded, String>,
    },
    /// Somebody is back from the shell: nothing of the screen is as it was.
    Back,
}

/// What goes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SurfaceCommand {
    /// Bytes for the terminal. The next come once these are said to be on the screen.
    Frame(Vec<u8>),
    /// Leave the terminal to the shell until somebody says `fg`.
    Suspend,
    /// Let them write in their editor.
    Edit(String),
    /// Open this file of theirs and hand its bytes over to the engine.
    Upload(String),
    /// It is over; why, where that is not plain.
    End(String),
}

/// The console's end.
#[derive(Debug)]
pub struct Surface {
    pub heard: mpsc::Receiver<SurfaceEvent>,
    pub told: mpsc::Sender<SurfaceCommand>,
}

/// The screen's end.
#[derive(Debug)]
pub struct SurfaceEndpoint {
    pub heard: mpsc::Sender<SurfaceEvent>,
    pub told: mpsc::Receiver<SurfaceCommand>,
}

/// Two ends that belong together. Whoever lets go of one ends the other.
pub fn pair() -> (Surface, SurfaceEndpoint) {
    let (to_console, heard) = mpsc::channel(WAITING);
    let (told, from_console) = mpsc::channel(4);
    (Surface { heard, told }, SurfaceEndpoint { heard: to_console, told: from_console })
}

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
            Self::Edited(Err(why)) => frame(b'x', why.as_bytes()),
            Self::Uploaded { path, result } => frame(b'u', &serde_json::to_vec(&(path, result)).unwrap_or_default()),
            Self::Back => frame(b'b', &[]),
        }
    }

    /// None for a frame that nobody here understands: a newer program may say more.
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
            b'x' => Self::Edited(Err(text(body))),
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
    pub fn frame(&self) -> Bytes {
        match self {
            Self::Frame(bytes) => frame(b'f', bytes),
            Self::Suspend => frame(b'z', &[]),
            Self::Edit(text) => frame(b'e', text.as_bytes()),
            Self::Upload(path) => frame(b'u', path.as_bytes()),
            Self::End(why) => frame(b'q', why.as_bytes()),
        }
    }

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
    fn what_goes_over_a_line_arrives_as_it_was() {
        let heard = [
            SurfaceEvent::Bytes(vec![0x1b, 0, 255]),
            SurfaceEvent::Size { columns: 300, rows: 1 },
            SurfaceEvent::Ready,
            SurfaceEvent::Edited(Ok("one\ntwo".into())),
            SurfaceEvent::Edited(Err("no editor".into())),
            SurfaceEvent::Back,
            SurfaceEvent::Uploaded {
                path: "a b.txt".into(),
                result: Ok(Uploaded { upload: UploadId(3), name: "a b.txt".into(), bytes: 4, sha256: "00".into() }),
            },
            SurfaceEvent::Uploaded { path: "x".into(), result: Err("x cannot be read.".into()) },
        ];
        for one in heard {
            assert_eq!(SurfaceEvent::read(&one.frame()), Some(one));
        }
        let told = [
            SurfaceCommand::Frame(vec![7; 40]),
            SurfaceCommand::Suspend,
            SurfaceCommand::Edit("x".into()),
            SurfaceCommand::Upload("a b.txt".into()),
            SurfaceCommand::End("x".into()),
        ];
        for one in told {
            assert_eq!(SurfaceCommand::read(&one.frame()), Some(one));
        }
        for strange in [&b""[..], b"?", b"s12"] {
            assert_eq!(SurfaceEvent::read(strange), None);
        }
    }
}
