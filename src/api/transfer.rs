//! The client side of file transfers over the Unix socket.

use std::path::Path;

use futures::stream;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use super::files::FILE_NAME;
use super::socket::SOCKET_FILE;
use crate::domain::ids::MessageId;
use crate::domain::message::upload::Uploaded;
use crate::domain::request_error::RequestError;

/// Maximum size of a response that is not a file, in bytes.
const MAX_RESPONSE_BYTES: usize = 256 * 1024;

/// A download of a message's file.
#[derive(Debug)]
pub struct Download {
    /// A safe name to save it under.
    pub name: String,
    bytes: u64,
    body: Incoming,
}

impl Download {
    /// Writes the whole file. Fails if the connection closes before its end.
    pub async fn write_to(mut self, to: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        let mut received = 0;
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame.map_err(io_error)?.into_data() {
                received += data.len() as u64;
                to.write_all(&data).await?;
            }
        }
        if received == self.bytes {
            return to.flush().await;
        }
        Err(std::io::Error::other(format!("the connection closed after {received} of {} bytes", self.bytes)))
    }
}

/// Uploads a file to the engine of a data directory. The outer error means that no engine answers there.
pub async fn upload(
    directory: &Path,
    name: &str,
    from: impl AsyncRead + Send + Unpin + 'static,
) -> std::io::Result<Result<Uploaded, RequestError>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(UnixStream::connect(directory.join(SOCKET_FILE)).await?))
            .await
            .map_err(io_error)?;
    let connection_task = tokio::spawn(connection);
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
    let chunks = stream::unfold(from, |mut from| async move {
        let mut chunk = vec![0; 64 * 1024];
        match from.read(&mut chunk).await {
            Ok(0) => None,
            Ok(count) => {
                chunk.truncate(count);
                Some((Ok::<_, std::io::Error>(Frame::data(Bytes::from(chunk))), from))
            }
            Err(error) => Some((Err(error), from)),
        }
    });
    let request = hyper::Request::post(format!("/uploads?{query}"))
        .header("host", "wadeck")
        .header("content-type", "application/octet-stream")
        .body(StreamBody::new(Box::pin(chunks)))
        .map_err(io_error)?;
    let response = sender.send_request(request).await.map_err(io_error)?;
    let is_success = response.status().is_success();
    let answer = read_response(response.into_body(), is_success).await;
    connection_task.abort();
    answer
}

/// Starts to download the file of a message from the engine of a data directory. The outer error means that no engine
/// answers there.
pub async fn download(directory: &Path, message: MessageId) -> std::io::Result<Result<Download, RequestError>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(UnixStream::connect(directory.join(SOCKET_FILE)).await?))
            .await
            .map_err(io_error)?;
    // The task ends when the body has been read.
    tokio::spawn(connection);
    let request = hyper::Request::get(format!("/messages/{message}/file"))
        .header("host", "wadeck")
        .body(Full::new(Bytes::new()))
        .map_err(io_error)?;
    let response = sender.send_request(request).await.map_err(io_error)?;
    if !response.status().is_success() {
        return read_response::<Uploaded>(response.into_body(), false)
            .await?
            .map_or_else(|error| Ok(Err(error)), |_| Err(std::io::Error::other("unexpected response of the engine")));
    }
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name =
        url::form_urlencoded::parse(header(FILE_NAME.as_str()).as_bytes()).next().map(|(name, _)| name.into_owned());
    let bytes = header("content-length").parse().map_err(io_error)?;
    // The name comes from the engine; it is made safe here, too.
    let name = crate::domain::message::media::safe_name(&name.unwrap_or_default(), &format!("{message}.bin"));
    let name = if name.starts_with(&message.to_string()) { name } else { format!("{message}-{name}") };
    Ok(Ok(Download { name, bytes, body: response.into_body() }))
}

async fn read_response<T: DeserializeOwned>(
    body: Incoming,
    is_success: bool,
) -> std::io::Result<Result<T, RequestError>> {
    let body = Limited::new(body, MAX_RESPONSE_BYTES).collect().await;
    let body = body.map_err(|error| std::io::Error::other(error.to_string()))?.to_bytes();
    if is_success {
        return serde_json::from_slice(&body).map(Ok).map_err(io_error);
    }
    match serde_json::from_slice(&body) {
        Ok(error) => Ok(Err(error)),
        Err(_) => Err(std::io::Error::other(String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned())),
    }
}

fn io_error(error: impl std::fmt::Display) -> std::io::Error {
    std::io::Error::other(error.to_string())
}
