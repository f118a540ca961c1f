//! Temporary.
#![allow(missing_docs)]
pub mod jwks {
    use crate::{decode, encode::RequestBuilder, Operation, OperationInfo};
    #[derive(Debug)]
    pub struct GetJwks;
    pub fn get_jwks() -> GetJwks { GetJwks }
    impl Operation for GetJwks {
        type Output = serde_json::Value;
        const INFO: &'static OperationInfo = &OperationInfo::new("GetJWKS", http::Method::GET, "/jwks", "JWKS");
        fn request(&self) -> Result<http::Request<bytes::Bytes>, crate::encode::BuildError> { RequestBuilder::new(Self::INFO).build() }
        fn decode(r: &http::Response<bytes::Bytes>) -> Result<Self::Output, decode::ResponseError> { decode::json(Self::INFO, r) }
    }
}
