//! A surface at the other end of a line: frames over a stream, in both directions. Nothing is kept for
//! whoever does not read: the next frame waits until the last one is on their screen.

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::surface::{Heard, LONGEST_FRAME, Seat, Surface, Told, pair};

fn framed<S: AsyncRead + AsyncWrite>(stream: S) -> Framed<S, LengthDelimitedCodec> {
    LengthDelimitedCodec::builder().max_frame_length(LONGEST_FRAME).new_framed(stream)
}

/// The engine's side: a surface whose seat is at the other end. The line ends with it.
pub fn host<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Surface {
    let (surface, Seat { heard, mut told }) = pair();
    let mut line = framed(stream);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                said = told.recv() => match said {
                    Some(said) => {
                        let over = matches!(said, Told::End(_));
                        if line.send(said.frame()).await.is_err() || over {
                            break;
                        }
                    }
                    None => break,
                },
                frame = line.next() => match frame {
                    Some(Ok(frame)) => {
                        if let Some(done) = Heard::read(&frame)
                            && heard.send(done).await.is_err()
                        {
                            break;
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

/// The seat's side: carries what is done to the engine and what it says back. Returns why it ended.
pub async fn carry<S: AsyncRead + AsyncWrite + Unpin>(stream: S, surface: Surface) -> Option<String> {
    let Surface { mut heard, told } = surface;
    let mut line = framed(stream);
    loop {
        tokio::select! {
            done = heard.recv() => match done {
                Some(done) => {
                    if line.send(done.frame()).await.is_err() {
                        return None;
                    }
                }
                None => return Some(String::new()),
            },
            frame = line.next() => match frame {
                Some(Ok(frame)) => {
                    let said = Told::read(&frame);
                    if let Some(Told::End(why)) = said {
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
