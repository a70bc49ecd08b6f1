//! A surface over a connection: commands and events as frames on a byte stream. Nothing is buffered for a slow
//! client: the next screen frame is sent after the previous one was displayed.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::surface::{MAX_FRAME_BYTES, Surface, SurfaceCommand, SurfaceEndpoint, SurfaceEvent, pair};
use crate::console::FileError;
use crate::domain::message::upload::Uploaded;

/// Reads a file of the client's user, and uploads it to the engine.
pub type UploadHandler = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Uploaded, FileError>> + Send + Sync>;

/// Uploads at the same time; a console requests one at a time.
const MAX_PARALLEL_UPLOADS: usize = 4;

fn frame_stream<S: AsyncRead + AsyncWrite>(stream: S) -> Framed<S, LengthDelimitedCodec> {
    LengthDelimitedCodec::builder().max_frame_length(MAX_FRAME_BYTES).new_framed(stream)
}

/// The engine's side: returns a surface whose endpoint is at the other end of the stream. The stream is closed when
/// the surface is dropped.
pub fn host<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Surface {
    let (surface, SurfaceEndpoint { events, mut commands }) = pair();
    let mut stream = frame_stream(stream);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => {
                        let is_end = matches!(command, SurfaceCommand::End(_));
                        if stream.send(command.frame()).await.is_err() || is_end {
                            break;
                        }
                    }
                    None => break,
                },
                frame = stream.next() => match frame {
                    Some(Ok(frame)) => {
                        // After the console has ended, nobody receives events, but its last command may still be
                        // pending. Only that command, or a closed channel, ends the connection.
                        if let Some(event) = SurfaceEvent::read(&frame) {
                            let _ = events.send(event).await;
                        }
                    }
                    _ => break,
                },
            }
        }
        let _ = SinkExt::<bytes::Bytes>::close(&mut stream).await;
    });
    surface
}

/// The client's side: sends events to the engine, and its commands to the surface, until the console ends. Returns
/// the reason, `None` if the connection broke. Without `upload_handler`, uploads are refused.
pub async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    surface: Surface,
    upload_handler: Option<UploadHandler>,
) -> Option<String> {
    let mut uploads = FuturesUnordered::new();
    let Surface { mut events, commands } = surface;
    let mut stream = frame_stream(stream);
    // After sending has failed, the engine's last commands may still be readable.
    let mut can_send = true;
    loop {
        tokio::select! {
            event = events.recv(), if can_send => match event {
                Some(event) => can_send = stream.send(event.frame()).await.is_ok(),
                None => return Some(String::new()),
            },
            Some(upload_event) = uploads.next() => {
                let upload_event: SurfaceEvent = upload_event;
                can_send = stream.send(upload_event.frame()).await.is_ok();
            }
            frame = stream.next() => match frame {
                Some(Ok(frame)) => {
                    let command = SurfaceCommand::read(&frame);
                    if let Some(SurfaceCommand::Upload(path)) = command {
                        let handler = upload_handler.clone().filter(|_| uploads.len() < MAX_PARALLEL_UPLOADS);
                        uploads.push(async move {
                            let result = match handler {
                                Some(handler) => handler(path.clone()).await,
                                None => Err(FileError::NoHandler),
                            };
                            SurfaceEvent::Uploaded { path, result }
                        });
                        continue;
                    }
                    if let Some(SurfaceCommand::End(why)) = command {
                        return Some(why);
                    }
                    if let Some(command) = command
                        && commands.send(command).await.is_err()
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
    async fn the_end_command_is_sent_though_input_arrives_after_the_end() {
        let (near, far) = tokio::io::duplex(4_096);
        let Surface { events, commands } = host(near);
        let mut client = frame_stream(far);
        // The console has ended; a last key arrives anyway, and only then the end command is sent.
        drop(events);
        client.send(SurfaceEvent::Bytes(b"\x03".to_vec()).frame()).await.expect("written");
        client.send(SurfaceEvent::Ready.frame()).await.expect("written");
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        commands.send(SurfaceCommand::End("see you".into())).await.expect("the line is still there");
        let frame = client.next().await.expect("something").expect("whole");
        assert_eq!(SurfaceCommand::read(&frame), Some(SurfaceCommand::End("see you".into())));
    }

    #[tokio::test]
    async fn the_end_command_is_read_though_sending_fails() {
        let (near, mut far) = tokio::net::UnixStream::pair().expect("a pair");
        let (surface, endpoint) = pair();
        let frame = SurfaceCommand::End("see you".into()).frame();
        let mut bytes = u32::try_from(frame.len()).expect("short").to_be_bytes().to_vec();
        bytes.extend_from_slice(&frame);
        far.write_all(&bytes).await.expect("written");
        drop(far);
        for _ in 0..3 {
            endpoint.events.send(SurfaceEvent::Ready).await.expect("queued");
        }
        assert_eq!(carry(near, surface, None).await.as_deref(), Some("see you"));
    }
}
