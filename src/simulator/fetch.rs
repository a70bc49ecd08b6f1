//! HTTP GET requests of the simulator, for header samples, media and verification requests.

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Fetches a URL. Returns its content type and body; `None` without a success response.
pub(super) async fn fetch(url: &str) -> Option<(String, Vec<u8>)> {
    let url: hyper::Uri = url.parse().ok()?;
    let authority = url.authority()?.as_str().to_owned();
    let stream = TcpStream::connect(&authority).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection_task = tokio::spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = hyper::Request::get(path).header("host", authority).body(Empty::<Bytes>::new()).ok()?;
    let response = sender.send_request(request).await.ok()?;
    let fine = response.status().is_success();
    let mime_type =
        response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let bytes = response.into_body().collect().await.ok()?.to_bytes().to_vec();
    connection_task.abort();
    fine.then_some((mime_type, bytes))
}
