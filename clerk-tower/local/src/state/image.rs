//! Uploaded images: profile images of users, and logos of organizations.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::State;
use crate::{error::ApiError, table::Row};

/// An image.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Image {
    /// The identifier of the user or the organization.
    pub(crate) id: String,
    content_type: String,
    /// In base64.
    data: String,
}

impl Row for Image {
    const NAME: &'static str = "image";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Image {
    /// Takes an image of a kind that browsers show. The kind is read from the first bytes.
    pub(crate) fn new(id: &str, bytes: &[u8]) -> Result<Self, ApiError> {
        let content_type = match bytes {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'G', b'I', b'F', b'8', ..] => "image/gif",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
            _ => return Err(ApiError::bad_format("file", "an image: PNG, JPEG, GIF or WebP")),
        };
        Ok(Self {
            id: id.to_owned(),
            content_type: content_type.to_owned(),
            data: BASE64_STANDARD.encode(bytes),
        })
    }

    pub(crate) fn content_type(&self) -> &str {
        &self.content_type
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.data).unwrap_or_default()
    }
}

impl State {
    /// Returns whether somebody uploaded an image for a user or an organization.
    pub(crate) fn has_image(&self, id: &str) -> bool {
        self.images.get(id).is_ok()
    }
}
