//! A surface at the other end of a line: frames over a stream, in both directions. Nothing is kept for
//! whoever does not read: the next frame waits until the last one is on their screen.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::surface::{LONGEST_FRAME, Surface, SurfaceCommand, SurfaceEndpoint, SurfaceEvent, pair};
use crate::domain::message::upload::Uploaded;

/// Opens a file of whoever sits here, and hands its bytes over to the engine.
pub type UploadHandler = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Uploaded, String>> + Send + Sync>;

/// So many files are handed over at once; a console asks for one at a time.
const MAX_AT_ONCE: usize = 4;

fn framed<S: AsyncRead + AsyncWrite>(stream: S) -> Framed<S, LengthDelimitedCodec> {
    LengthDelimitedCodec::builder().max_frame_length(LONGEST_FRAME).new_framed(stream)
}

/// The engine's side: a surface whose seat is at the other end. The line ends with it.
pub fn host<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Surface {
    let (surface, SurfaceEndpoint { heard, mut told }) = pair();
    let mut line = framed(stream);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                said = told.recv() => match said {
                    Some(said) => {
                        let over = matches!(said, SurfaceCommand::End(_));
                        if line.send(said.frame()).await.is_err() || over {
                            break;
                        }
                    }
                    None => break,
                },
                frame = line.next() => match frame {
                    Some(Ok(frame)) => {
                        // A console that has just been left hears nothing more, and what it said last is
                        // still on its way: only that, or its silence, ends the line.
                        if let Some(done) = SurfaceEvent::read(&frame) {
                            let _ = heard.send(done).await;
                        }
                    }
                    _ => break,
                },
            }
        }
        let _ = SinkExt::<bytes::Bytes>::close(&mut line).await;
    });
    surface
}

/// The seat's side: carries what is done to the engine and what it says back. Returns why it ended. Without
/// `upload_handler` no file is opened for the console.
pub async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    surface: Surface,
    upload_handler: Option<UploadHandler>,
) -> Option<String> {
    let mut uploads = FuturesUnordered::new();
    let Surface { mut heard, told } = surface;
    let mut line = framed(stream);
    // Once the engine takes nothing more, what it said last may still be there to be read.
    let mut takes = true;
    loop {
        tokio::select! {
            done = heard.recv(), if takes => match done {
                Some(done) => takes = line.send(done.frame()).await.is_ok(),
                None => return Some(String::new()),
            },
            Some(uploaded) = uploads.next() => {
                let uploaded: SurfaceEvent = uploaded;
                takes = line.send(uploaded.frame()).await.is_ok();
            }
            frame = line.next() => match frame {
                Some(Ok(frame)) => {
                    let said = SurfaceCommand::read(&frame);
                    if let Some(SurfaceCommand::Upload(path)) = said {
                        let opens = upload_handler.clone().filter(|_| uploads.len() < MAX_AT_ONCE);
                        uploads.push(async move {
                            let result = match opens {
                                Some(opens) => opens(path.clone()).await,
                                None => Err("This console cannot open files.".to_owned()),
                            };
                            SurfaceEvent::Uploaded { path, result }
                        });
                        continue;
                    }
                    if let Some(SurfaceCommand::End(why)) = said {
                        return Some(why);
                    }
                    if let Some(said) = said
                        && told.send(said).await.is_err()
                    {
                        return Some(String::new());
                    }
                }
                _ => return None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn what_is_typed_after_leaving_does_not_drown_the_goodbye() {
        let (here, there) = tokio::io::duplex(4_096);
        let Surface { heard, told } = host(here);
        let mut other = framed(there);
        // The console is left; a last key comes all the same, and only then the goodbye goes out.
        drop(heard);
        other.send(SurfaceEvent::Bytes(b"\x03".to_vec()).frame()).await.expect("written");
        other.send(SurfaceEvent::Ready.frame()).await.expect("written");
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        told.send(SurfaceCommand::End("see you".into())).await.expect("the line is still there");
        let frame = other.next().await.expect("something").expect("whole");
        assert_eq!(SurfaceCommand::read(&frame), Some(SurfaceCommand::End("see you".into())));
    }

    #[tokio::test]
    async fn the_goodbye_is_read_though_nothing_is_taken_any_more() {
        let (here, mut there) = tokio::net::UnixStream::pair().expect("a pair");
        let (surface, seat) = pair();
        let frame = SurfaceCommand::End("see you".into()).frame();
        let mut bytes = u32::try_from(frame.len()).expect("short").to_be_bytes().to_vec();
        bytes.extend_from_slice(&frame);
        there.write_all(&bytes).await.expect("written");
        drop(there);
        for _ in 0..3 {
            seat.heard.send(SurfaceEvent::Ready).await.expect("queued");
        }
        assert_eq!(carry(here, surface, None).await.as_deref(), Some("see you"));
    }
}
