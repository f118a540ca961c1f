use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderValue;

use super::{Problem, QueryValue};

/// A file to upload.
#[derive(Clone)]
#[must_use]
pub struct File {
    bytes: Bytes,
    name: String,
    content_type: Option<String>,
}

impl File {
    /// The maximum size of a file in bytes. Clerk rejects larger files.
    pub const MAX_BYTES: usize = 10 * 1024 * 1024;

    /// Creates a file with this content, at most 10 MB. Its name defaults to `file`.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), name: "file".to_owned(), content_type: None }
    }

    /// Sets the file name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the content type, such as `image/png`. Defaults to `application/octet-stream`.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }
}

impl From<Vec<u8>> for File {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<Bytes> for File {
    fn from(bytes: Bytes) -> Self {
        Self::new(bytes)
    }
}

/// Shows only the size.
impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({} bytes)", self.bytes.len())
    }
}

/// Writes a `multipart/form-data` body part by part (RFC 7578).
#[derive(Default)]
pub struct Form {
    parts: Vec<(String, Bytes)>,
    error: Option<(&'static str, Problem)>,
}

crate::opaque::opaque!(Form);

impl Form {
    /// Adds a text part.
    pub fn text(&mut self, name: &'static str, value: &impl QueryValue) -> &mut Self {
        let mut text = String::new();
        value.write(&mut text);
        self.parts.push((format!("Content-Disposition: form-data; name=\"{name}\"\r\n"), text.into()));
        self
    }

    /// Adds a text part, unless it is `None`.
    pub fn text_opt(&mut self, name: &'static str, value: &Option<impl QueryValue>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a file part.
    pub fn file(&mut self, name: &'static str, file: &File) -> &mut Self {
        let content_type = file.content_type.as_deref().unwrap_or("application/octet-stream");
        if file.bytes.len() > File::MAX_BYTES {
            self.error
                .get_or_insert((name, Problem::TooLarge { len: file.bytes.len(), max: File::MAX_BYTES }));
        } else if !content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            self.error.get_or_insert((name, Problem::ContentType));
        } else {
            let head = format!(
                "Content-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\nContent-Type: {content_type}\r\n",
                quoted(&file.name)
            );
            self.parts.push((head, file.bytes.clone()));
        }
        self
    }

    /// Adds a file part, unless it is `None`.
    pub fn file_opt(&mut self, name: &'static str, file: &Option<File>) -> &mut Self {
        match file {
            Some(file) => self.file(name, file),
            None => self,
        }
    }

    /// Returns the content type and the body.
    pub(super) fn finish(mut self) -> Result<(HeaderValue, Bytes), (&'static str, Problem)> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let boundary = self.boundary();
        const KIND: &str = "multipart/form-data; boundary=";
        let content_type =
            HeaderValue::try_from(format!("{KIND}{boundary}")).map_err(|_| ("body", Problem::ContentType))?;
        let mut body = BytesMut::with_capacity(
            self.parts.iter().map(|(head, content)| head.len() + content.len() + 64).sum::<usize>() + 64,
        );
        for (head, content) in &self.parts {
            body.put_slice(format!("--{boundary}\r\n{head}\r\n").as_bytes());
            body.put_slice(content);
            body.put_slice(b"\r\n");
        }
        body.put_slice(format!("--{boundary}--\r\n").as_bytes());
        Ok((content_type, body.freeze()))
    }

    /// Returns a boundary that occurs in none of the parts. 32 random characters are almost certainly unique,
    /// but the content can come from an attacker, so this is checked.
    fn boundary(&self) -> String {
        let mut boundary: String = (0..32).map(|_| fastrand::alphanumeric()).collect();
        while self.parts.iter().any(|(head, content)| {
            contains(head.as_bytes(), boundary.as_bytes()) || contains(content, boundary.as_bytes())
        }) {
            boundary.push(fastrand::alphanumeric());
        }
        boundary
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Encodes a file name for a quoted parameter, as browsers do: quotes and line breaks are percent-encoded,
/// and other control characters are dropped. Otherwise a name could add headers or parts.
fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '"' => out.push_str("%22"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            '\\' => out.push_str("%5C"),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(name: &str, content: &[u8]) -> (String, Vec<u8>) {
        let mut form = Form::default();
        let file = File::new(content.to_vec()).name(name).content_type("image/png");
        form.text_opt("note", &Some("hello")).text_opt("none", &None::<String>).file("file", &file);
        let (kind, body) = form.finish().unwrap();
        let kind = kind.to_str().unwrap();
        (kind.strip_prefix("multipart/form-data; boundary=").unwrap().to_owned(), body.to_vec())
    }

    fn split<'a>(body: &'a [u8], at: &[u8]) -> Vec<&'a [u8]> {
        let mut parts = Vec::new();
        let mut rest = body;
        while let Some(position) = rest.windows(at.len()).position(|window| window == at) {
            parts.push(&rest[..position]);
            rest = &rest[position + at.len()..];
        }
        parts.push(rest);
        parts
    }

    #[test]
    fn a_form_as_sent() {
        let (boundary, body) = form("a.png", b"PNG");
        let want = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
             Content-Type: image/png\r\n\r\nPNG\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8(body).unwrap(), want);
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_its_name() {
        let mut form = Form::default();
        form.file("file", &File::new(vec![0; File::MAX_BYTES + 1]));
        assert!(matches!(form.finish(), Err(("file", Problem::TooLarge { .. }))));
        let mut form = Form::default();
        form.file("logo", &File::new("x").content_type("image/png\r\nX: y"));
        assert!(matches!(form.finish(), Err(("logo", Problem::ContentType))));
        let mut form = Form::default();
        form.file("file", &File::new(vec![0; File::MAX_BYTES]));
        assert!(form.finish().is_ok());
    }

    proptest! {
        /// Whatever name and content a file has, there are two parts, and the content comes back.
        #[test]
        fn a_file_adds_one_part(name in "\\PC{0,20}[\r\n\"\\\\]{0,3}", content in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (boundary, body) = form(&name, &content);
            let parts = split(&body, format!("--{boundary}").as_bytes());
            prop_assert_eq!(parts.len(), 4);
            let (head, rest) = {
                let at = parts[2].windows(4).position(|window| window == b"\r\n\r\n").unwrap();
                (&parts[2][..at], &parts[2][at + 4..])
            };
            prop_assert_eq!(rest, [content.as_slice(), b"\r\n"].concat());
            let head = std::str::from_utf8(head).unwrap();
            prop_assert_eq!(head.trim_start().lines().count(), 2);
            prop_assert_eq!(head.matches('"').count(), 4);
        }
    }
}
