//! Closes a connection whose client is still sending. Closing it with unread bytes would reset it, and the client
//! would lose the response; so the bytes are read and dropped, within limits.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Bytes that are read before the connection is closed anyway.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;
/// Total time after which the connection is closed anyway.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Time without bytes after which the client is assumed to have read the response.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

/// Shuts down our side, and reads until the client shuts down its side or a limit is reached.
pub(super) async fn drain(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let drained = async {
        let mut buffer = vec![0; 16 * 1024];
        let mut bytes = 0;
        while let Ok(Ok(read)) = timeout(IDLE_TIMEOUT, stream.read(&mut buffer)).await {
            bytes += read;
            if read == 0 || bytes > MAX_DRAINED_BYTES {
                return;
            }
        }
    };
    let _ = timeout(DRAIN_TIMEOUT, drained).await;
}
