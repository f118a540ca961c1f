//! Bounds what a server may send: the client keeps whatever arrives until a response is complete.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The largest string. Values have at most a mebibyte.
const MAX_STRING: u64 = 1024 * 1024 + 1024;
/// The longest line: a simple string, an error, or the length of something.
const MAX_LINE: usize = 64 * 1024;
/// How many elements a response may have, with all that is nested in it, and how many bytes.
const MAX_ELEMENTS: u64 = 4096;
const MAX_RESPONSE: usize = 16 * 1024 * 1024;

/// A stream that fails when a response exceeds its bounds.
pub(super) struct Bounded<S> {
    stream: S,
    scanner: Scanner,
}

impl<S> Bounded<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, scanner: Scanner::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        this.scanner.scan(buffer.filled().get(before..).unwrap_or_default())?;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Follows the structure of responses without keeping any of it.
#[derive(Default)]
struct Scanner {
    line: Line,
    /// How many bytes of a string are still to come, with the end of its line.
    string: u64,
    /// How many elements of the response are still to come, and how many it has.
    open: u64,
    elements: u64,
    bytes: usize,
}

/// A line, as far as it has arrived.
#[derive(Default)]
struct Line {
    kind: Option<u8>,
    is_negative: bool,
    number: u64,
    length: usize,
}

impl Scanner {
    fn scan(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some((first, rest)) = bytes.split_first() {
            let step = usize::try_from(self.string).unwrap_or(usize::MAX).clamp(1, bytes.len());
            self.bytes = self.bytes.saturating_add(step);
            if self.bytes > MAX_RESPONSE {
                return Err(exceeded("response"));
            }
            if self.string > 0 {
                self.string = self.string.saturating_sub(u64::try_from(step).unwrap_or(u64::MAX));
                bytes = bytes.get(step..).unwrap_or_default();
            } else {
                self.push(*first)?;
                bytes = rest;
            }
            if self.string == 0 && self.open == 0 && self.line.kind.is_none() {
                (self.elements, self.bytes) = (0, 0);
            }
        }
        Ok(())
    }

    /// Takes a byte of a line.
    fn push(&mut self, byte: u8) -> io::Result<()> {
        let Some(kind) = self.line.kind else {
            self.line.kind = Some(byte);
            return Ok(());
        };
        self.line.length = self.line.length.saturating_add(1);
        if self.line.length > MAX_LINE {
            return Err(exceeded("line"));
        }
        match byte {
            b'-' => self.line.is_negative = true,
            b'0'..=b'9' => {
                self.line.number = self.line.number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
            }
            b'\n' => {
                let line = std::mem::take(&mut self.line);
                return self.end(kind, if line.is_negative { None } else { Some(line.number) });
            }
            _ => {}
        }
        Ok(())
    }

    /// A line is complete: it is an element, or says how many bytes or elements follow.
    fn end(&mut self, kind: u8, number: Option<u64>) -> io::Result<()> {
        self.open = self.open.saturating_sub(1);
        let elements = match (kind, number) {
            (b'$' | b'=' | b'!', Some(length)) => {
                if length > MAX_STRING {
                    return Err(exceeded("string"));
                }
                self.string = length.saturating_add(2);
                0
            }
            (b'*' | b'~' | b'>', Some(count)) => count,
            (b'%', Some(count)) => count.saturating_mul(2),
            // What it describes follows.
            (b'|', Some(count)) => count.saturating_mul(2).saturating_add(1),
            _ => 0,
        };
        self.elements = self.elements.saturating_add(elements);
        self.open = self.open.saturating_add(elements);
        if self.elements > MAX_ELEMENTS { Err(exceeded("response")) } else { Ok(()) }
    }
}

/// Of a kind after which the client does not read on.
fn exceeded(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, format!("a {what} of the server is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(parts: &[&[u8]]) -> io::Result<Scanner> {
        let mut scanner = Scanner::default();
        parts.iter().try_for_each(|part| scanner.scan(part))?;
        Ok(scanner)
    }

    #[test]
    fn complete_responses_are_forgotten_however_they_arrive() {
        let responses: [&[u8]; 9] = [
            b"+OK\r\n",
            b":-12\r\n",
            b"$-1\r\n",
            b"$5\r\na\r\nb$\r\n",
            b"*-1\r\n",
            b"*3\r\n$1\r\na\r\n*1\r\n:1\r\n_\r\n",
            b"%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n",
            b">3\r\n+message\r\n+channel\r\n$0\r\n\r\n",
            b"|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n",
        ];
        for response in responses {
            for end in 0..=response.len() {
                let (one, other) = response.split_at(end);
                let scanner = scan(&[one, other]).unwrap();
                let left = (scanner.bytes, scanner.open, scanner.elements, scanner.string);
                assert_eq!(left, (0, 0, 0, 0), "{:?} at {end}", response.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_read() {
        let nested = "*4096\r\n*4096\r\n";
        let long = format!("+{}", "a".repeat(MAX_LINE + 1));
        let attributes = "|9223372036854775807\r\n";
        for start in
            ["$1100000\r\n", "=99999999999999999999\r\n", "*4097\r\n", "%2049\r\n", attributes, nested, &long]
        {
            let error = scan(&[start.as_bytes()]).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted, "{start}");
        }
        let string = [b"$1048576\r\n".as_slice(), &[b'a'; 1_048_576], b"\r\n"].concat();
        let many = std::iter::repeat_n(string.as_slice(), 16).collect::<Vec<_>>();
        assert!(scan(&many).is_ok());
        let one = [vec![b"*16\r\n".as_slice()], many].concat();
        assert!(scan(&one).is_err());
    }
}
