//! The block-list: who stands on it may not sign up.
//!
//! ```
//! use clerk_core::{Operation, api::blocklist_identifiers};
//!
//! let request = blocklist_identifiers::delete("blid_1").request().unwrap();
//! assert_eq!(request.uri(), "/blocklist_identifiers/blid_1");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{BlocklistIdentifier, DeletedObject},
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// Lists the block-list.
///
/// `GET /blocklist_identifiers`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/allow-list-block-list)). Documented
/// error statuses: 401, 402.
pub fn list() -> List {
    List
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List;

opaque!(List);

impl Operation for List {
    type Output = Page<BlocklistIdentifier>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListBlocklistIdentifiers",
        Method::GET,
        "/blocklist_identifiers",
        "Allow-list / Block-list",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Adds an e-mail address, phone number or Web3 wallet to the block-list, or a whole domain as
/// `*@example.com`.
///
/// `POST /blocklist_identifiers`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/allow-list-block-list)). Documented
/// error statuses: 400, 402, 422.
pub fn create(identifier: impl Into<String>) -> Create {
    Create { identifier: identifier.into() }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    identifier: String,
}

opaque!(Create);

impl Operation for Create {
    type Output = BlocklistIdentifier;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateBlocklistIdentifier",
        Method::POST,
        "/blocklist_identifiers",
        "Allow-list / Block-list",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("identifier", &self.identifier);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Takes an entry off the block-list.
///
/// `DELETE /blocklist_identifiers/{identifier_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/allow-list-block-list)). Documented
/// error statuses: 402, 404.
pub fn delete(identifier_id: impl Into<Id>) -> Delete {
    Delete { identifier_id: identifier_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    identifier_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteBlocklistIdentifier",
        Method::DELETE,
        "/blocklist_identifiers/{identifier_id}",
        "Allow-list / Block-list",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("identifier_id", &self.identifier_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
