//! Temporary.
#![allow(missing_docs)]
pub mod jwks {
    use crate::{Operation, OperationInfo, decode, encode::RequestBuilder};
    #[derive(Debug)]
    pub struct GetJwks;
    pub fn get_jwks() -> GetJwks {
        GetJwks
    }
    impl Operation for GetJwks {
        type Output = serde_json::Value;
        const INFO: &'static OperationInfo =
            &OperationInfo::new("GetJWKS", http::Method::GET, "/jwks", "JWKS");
        fn request(&self) -> Result<http::Request<bytes::Bytes>, crate::encode::BuildError> {
            RequestBuilder::new(Self::INFO).build()
        }
        fn decode(r: &http::Response<bytes::Bytes>) -> Result<Self::Output, decode::ResponseError> {
            decode::json(Self::INFO, r)
        }
    }
}
pub mod users {
    use crate::{
        Operation, OperationInfo, Page, decode,
        encode::RequestBuilder,
        id::{OrganizationId, UserId},
        model::User,
    };
    #[derive(Debug)]
    pub struct Get(UserId);
    pub fn get(id: impl Into<UserId>) -> Get {
        Get(id.into())
    }
    impl Operation for Get {
        type Output = User;
        const INFO: &'static OperationInfo =
            &OperationInfo::new("GetUser", http::Method::GET, "/users/{user_id}", "Users");
        fn request(&self) -> Result<http::Request<bytes::Bytes>, crate::encode::BuildError> {
            RequestBuilder::new(Self::INFO).path("user_id", &self.0).build()
        }
        fn decode(r: &http::Response<bytes::Bytes>) -> Result<Self::Output, decode::ResponseError> {
            decode::json(Self::INFO, r)
        }
    }
    #[derive(Debug, Default)]
    pub struct List {
        limit: Option<u32>,
        org: Vec<OrganizationId>,
    }
    pub fn list() -> List {
        List::default()
    }
    impl List {
        pub fn limit(mut self, l: u32) -> Self {
            self.limit = Some(l);
            self
        }
        pub fn organization_id(mut self, v: impl IntoIterator<Item = impl Into<OrganizationId>>) -> Self {
            self.org = v.into_iter().map(Into::into).collect();
            self
        }
    }
    impl Operation for List {
        type Output = Page<User>;
        const INFO: &'static OperationInfo =
            &OperationInfo::new("GetUserList", http::Method::GET, "/users", "Users");
        fn request(&self) -> Result<http::Request<bytes::Bytes>, crate::encode::BuildError> {
            RequestBuilder::new(Self::INFO)
                .query_each("organization_id", &self.org, 100)
                .query_opt("limit", self.limit.as_ref())
                .build()
        }
        fn decode(r: &http::Response<bytes::Bytes>) -> Result<Self::Output, decode::ResponseError> {
            decode::json(Self::INFO, r)
        }
    }
}
