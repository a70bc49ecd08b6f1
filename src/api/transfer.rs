//! The caller's side of files over the Unix socket: hand bytes over, and take the bytes of a message's file.

use std::path::Path;

use futures::stream;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use super::ApiError;
use super::files::FILE_NAME;
use super::socket::SOCKET_FILE;
use crate::domain::ids::MessageId;
use crate::domain::message::upload::Uploaded;

/// Answers that are no file are no longer than this.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// The file of a message on its way here.
#[derive(Debug)]
pub struct Download {
    /// A harmless name to save it under.
    pub name: String,
    bytes: u64,
    body: Incoming,
}

impl Download {
    /// Writes all of it. Fails when it breaks off.
    pub async fn write_to(mut self, to: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        let mut came = 0;
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame.map_err(other)?.into_data() {
                came += data.len() as u64;
                to.write_all(&data).await?;
            }
        }
        if came == self.bytes {
            return to.flush().await;
        }
        Err(std::io::Error::other(format!("the connection closed after {came} of {} bytes", self.bytes)))
    }
}

/// Hands a file over to the engine behind a data directory. The outer error means that there is none.
pub async fn upload(
    directory: &Path,
    name: &str,
    from: impl AsyncRead + Send + Unpin + 'static,
) -> std::io::Result<Result<Uploaded, ApiError>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(UnixStream::connect(directory.join(SOCKET_FILE)).await?))
            .await
            .map_err(other)?;
    let talking = tokio::spawn(connection);
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
    let pieces = stream::unfold(from, |mut from| async move {
        let mut piece = vec![0; 64 * 1024];
        match from.read(&mut piece).await {
            Ok(0) => None,
            Ok(count) => {
                piece.truncate(count);
                Some((Ok::<_, std::io::Error>(Frame::data(Bytes::from(piece))), from))
            }
            Err(error) => Some((Err(error), from)),
        }
    });
    let request = hyper::Request::post(format!("/uploads?{query}"))
        .header("host", "wadeck")
        .header("content-type", "application/octet-stream")
        .body(StreamBody::new(Box::pin(pieces)))
        .map_err(other)?;
    let response = sender.send_request(request).await.map_err(other)?;
    let good = response.status().is_success();
    let answer = read(response.into_body(), good).await;
    talking.abort();
    answer
}

/// Asks the engine behind a data directory for the file of a message. The outer error means that there is none.
pub async fn download(directory: &Path, message: MessageId) -> std::io::Result<Result<Download, ApiError>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(UnixStream::connect(directory.join(SOCKET_FILE)).await?))
            .await
            .map_err(other)?;
    // It ends with the body that is read from it.
    tokio::spawn(connection);
    let request = hyper::Request::get(format!("/messages/{message}/file"))
        .header("host", "wadeck")
        .body(Full::new(Bytes::new()))
        .map_err(other)?;
    let response = sender.send_request(request).await.map_err(other)?;
    if !response.status().is_success() {
        return read::<Uploaded>(response.into_body(), false).await?.map_or_else(
            |trouble| Ok(Err(trouble)),
            |_| Err(std::io::Error::other("unexpected response of the engine")),
        );
    }
    let told = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name =
        url::form_urlencoded::parse(told(FILE_NAME.as_str()).as_bytes()).next().map(|(name, _)| name.into_owned());
    let bytes = told("content-length").parse().map_err(other)?;
    // What it is called is the engine's word: it is made harmless here, too.
    let name = crate::domain::message::media::safe_name(&name.unwrap_or_default(), &format!("{message}.bin"));
    let name = if name.starts_with(&message.to_string()) { name } else { format!("{message}-{name}") };
    Ok(Ok(Download { name, bytes, body: response.into_body() }))
}

async fn read<T: DeserializeOwned>(body: Incoming, good: bool) -> std::io::Result<Result<T, ApiError>> {
    let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
    let body = body.map_err(|error| std::io::Error::other(error.to_string()))?.to_bytes();
    if good {
        return serde_json::from_slice(&body).map(Ok).map_err(other);
    }
    match serde_json::from_slice(&body) {
        Ok(trouble) => Ok(Err(trouble)),
        Err(_) => Err(std::io::Error::other(String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned())),
    }
}

fn other(error: impl std::fmt::Display) -> std::io::Error {
    std::io::Error::other(error.to_string())
}
