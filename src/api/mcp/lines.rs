//! Connects standard input and output to the protocol's library, line by line. The library ignores a line that is not
//! JSON, so that the client would wait forever for a response; here the client gets an error.

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
    DuplexStream, duplex,
};
use tokio::sync::mpsc;

/// Bytes that are buffered between the client and the library, per direction.
const BUFFER_BYTES: usize = 64 * 1024;
/// JSON-RPC 2.0: the message is not JSON.
const PARSE_ERROR: i64 = -32_700;
/// JSON-RPC 2.0: the message is not an acceptable request.
const INVALID_REQUEST: i64 = -32_600;

/// Forwards lines in both directions until the client closes its side. Returns the library's two ends, and a future
/// that does the forwarding and ends when everything is written.
pub(super) fn connect_lines(
    from: impl AsyncRead + Unpin + Send + 'static,
    to: impl AsyncWrite + Unpin + Send + 'static,
    max_line: usize,
) -> (DuplexStream, DuplexStream, impl Future<Output = ()>) {
    let (into_library, library_reads) = duplex(BUFFER_BYTES);
    let (library_writes, out_of_library) = duplex(BUFFER_BYTES);
    let (responses, lines) = mpsc::channel::<Vec<u8>>(16);
    let error_responses = responses.clone();
    let forwarding = async move {
        let reading = forward_valid_lines(BufReader::new(from), into_library, error_responses, max_line);
        let writing = forward_responses(BufReader::new(out_of_library), responses);
        tokio::join!(reading, writing, write_lines(lines, to));
    };
    (library_reads, library_writes, forwarding)
}

/// Forwards lines that are JSON, and responds to the others with an error.
async fn forward_valid_lines(
    mut from: impl AsyncBufRead + Unpin,
    mut to: DuplexStream,
    responses: mpsc::Sender<Vec<u8>>,
    max_line: usize,
) {
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(max_line).unwrap_or(u64::MAX).saturating_add(1);
        match (&mut from).take(limit).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let error_response = if line.len() > max_line && !line.ends_with(b"\n") {
            if skip_line(&mut from).await.is_err() {
                return;
            }
            let why = format!("Invalid request: a line has at most {max_line} bytes");
            Some(error(INVALID_REQUEST, &why))
        } else if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        } else {
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            let fault = serde_json::from_slice::<IgnoredAny>(text).err();
            fault.map(|fault| error(PARSE_ERROR, &format!("Parse error: {fault}")))
        };
        let is_sent = match error_response {
            Some(answer) => responses.send(answer).await.is_ok(),
            None => to.write_all(&line).await.is_ok() && to.flush().await.is_ok(),
        };
        if !is_sent {
            return;
        }
    }
}

/// Skips the rest of a line that is too long.
async fn skip_line(from: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<()> {
    loop {
        let (used, is_end) = {
            let part = from.fill_buf().await?;
            match part.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (part.len(), part.is_empty()),
            }
        };
        from.consume(used);
        if is_end {
            return Ok(());
        }
    }
}

/// Forwards the library's output, one line at a time.
async fn forward_responses(mut from: impl AsyncBufRead + Unpin, responses: mpsc::Sender<Vec<u8>>) {
    loop {
        let mut line = Vec::new();
        match from.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) if responses.send(line).await.is_err() => return,
            Ok(_) => {}
        }
    }
}

async fn write_lines(mut lines: mpsc::Receiver<Vec<u8>>, mut to: impl AsyncWrite + Unpin) {
    while let Some(line) = lines.recv().await {
        if to.write_all(&line).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}

/// An error response to a message without a readable id.
fn error(code: i64, message: &str) -> Vec<u8> {
    let answer = json!({ "jsonrpc": "2.0", "id": Value::Null, "error": { "code": code, "message": message } });
    format!("{answer}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the responses to these lines from a library that answers each line in capitals.
    async fn responses(lines: &'static [u8], max_line: usize) -> Vec<String> {
        let (mut client, out) = duplex(1024 * 1024);
        let (library_reads, mut library_writes, forwarding) = connect_lines(lines, out, max_line);
        let library = async move {
            let mut from = BufReader::new(library_reads).lines();
            while let Ok(Some(line)) = from.next_line().await {
                let response = format!("{}\n", line.to_uppercase());
                library_writes.write_all(response.as_bytes()).await.expect("written");
            }
        };
        tokio::join!(forwarding, library);
        let mut all = String::new();
        client.read_to_string(&mut all).await.expect("read");
        all.lines().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn an_invalid_line_gets_an_error_and_the_next_one_is_read() {
        let responses_received = responses(b"{\"a\":1}\n\nnot json\n{\"b\":\n{\"c\":2}\n", 100).await;
        let errors: Vec<Value> = responses_received.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let codes: Vec<i64> = errors.iter().filter_map(|one| one["error"]["code"].as_i64()).collect();
        assert_eq!(codes, [PARSE_ERROR, PARSE_ERROR], "{responses_received:?}");
        assert!(errors.iter().all(|one| one["id"].is_null()), "{responses_received:?}");
        for good in ["{\"A\":1}", "{\"C\":2}"] {
            assert!(responses_received.contains(&good.to_owned()), "{responses_received:?}");
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_gets_an_error_and_is_skipped() {
        let responses_received =
            responses(b"{\"a\":\"0123456789012345678901234567890123456789\"}\n{\"b\":1}\n", 20).await;
        assert!(
            responses_received.iter().any(|line| line.contains("-32600"))
                && responses_received.contains(&"{\"B\":1}".to_owned()),
            "{responses_received:?}"
        );
    }
}
