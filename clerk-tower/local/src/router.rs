//! Finds what a request asks for by its method and its path.

use http::Method;
use percent_encoding::percent_decode_str;

/// Handlers by paths such as `/users/{user_id}`, and by methods.
pub(crate) struct Router<H>(matchit::Router<Vec<(Method, H)>>);

/// What a router found.
pub(crate) struct Found<'a, H> {
    pub(crate) handler: &'a H,
    /// The decoded values of the path's parameters, in their order.
    pub(crate) params: Vec<String>,
}

/// Why a router found nothing.
pub(crate) enum NotFound {
    Path,
    /// The path exists, with these methods.
    Method(Vec<Method>),
}

impl<H> Router<H> {
    pub(crate) fn new(routes: impl IntoIterator<Item = (Method, &'static str, H)>) -> Self {
        let mut router = matchit::Router::new();
        let mut known: Vec<(&str, Vec<(Method, H)>)> = Vec::new();
        for (method, path, handler) in routes {
            match known.iter_mut().find(|(other, _)| *other == path) {
                Some((_, handlers)) => handlers.push((method, handler)),
                None => known.push((path, vec![(method, handler)])),
            }
        }
        for (path, handlers) in known {
            if let Err(error) = router.insert(path, handlers) {
                unreachable!("{path}: {error}");
            }
        }
        Self(router)
    }

    /// Finds the handler for a method and an encoded path. HEAD is GET, whose body the server leaves out.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<Found<'_, H>, NotFound> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let found = self.0.at(path).map_err(|_| NotFound::Path)?;
        let handler = found.value.iter().find(|(known, _)| known == method).map(|(_, handler)| handler);
        let methods = || NotFound::Method(found.value.iter().map(|(known, _)| known.clone()).collect());
        let handler = handler.ok_or_else(methods)?;
        let decode = |value: &str| percent_decode_str(value).decode_utf8_lossy().into_owned();
        Ok(Found { handler, params: found.params.iter().map(|(_, value)| decode(value)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &Method, path: &str) -> String {
        let router = Router::new([
            (Method::GET, "/users", "list"),
            (Method::POST, "/users", "create"),
            (Method::GET, "/users/count", "count"),
            (Method::GET, "/users/{user_id}", "get"),
            (Method::POST, "/users/{id}/ban", "ban"),
            (Method::PATCH, "/organizations/{organization_id}/memberships/{user_id}", "update"),
        ]);
        match router.find(method, path) {
            Ok(found) => format!("{} {}", found.handler, found.params.join(" ")).trim_end().to_owned(),
            Err(NotFound::Path) => "no such path".to_owned(),
            Err(NotFound::Method(methods)) => format!("only {methods:?}"),
        }
    }

    #[test]
    fn handlers_are_found_by_method_and_path() {
        for (method, path, expected) in [
            (Method::GET, "/users", "list"),
            (Method::POST, "/users", "create"),
            (Method::POST, "/users/", "no such path"),
            (Method::HEAD, "/users/user_1", "get user_1"),
            (Method::HEAD, "/users/user_1/ban", "only [POST]"),
            (Method::GET, "/users/count", "count"),
            (Method::GET, "/users/user_1", "get user_1"),
            (Method::GET, "/users/a%2Fb", "get a/b"),
            (Method::POST, "/users/user_1/ban", "ban user_1"),
            (Method::PATCH, "/organizations/org_1/memberships/user_1", "update org_1 user_1"),
            (Method::DELETE, "/users", "only [GET, POST]"),
            (Method::GET, "/users/user_1/bin", "no such path"),
            (Method::GET, "/people", "no such path"),
            (Method::GET, "/", "no such path"),
            (Method::GET, "", "no such path"),
        ] {
            assert_eq!(answer(&method, path), expected, "{path}");
        }
    }
}
