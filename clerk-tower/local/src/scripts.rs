//! The scripts that Clerk's front ends load, from a folder: [`LocalClerkBuilder::scripts`](crate::LocalClerkBuilder::scripts).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};

use crate::{HttpResponse, LocalBody, LocalClerk, error::ApiError};

/// The packages of scripts, and the script of each that a page loads first.
const PACKAGES: [(&str, &str); 2] = [("clerk-js", "clerk.browser.js"), ("ui", "ui.browser.js")];

/// A folder with scripts.
pub(super) struct Scripts(PathBuf);

impl Scripts {
    /// Checks that the folder has Clerk's JavaScript.
    pub(super) fn new(folder: PathBuf) -> io::Result<Self> {
        let scripts = Self(folder);
        let [(package, script), _] = PACKAGES;
        if scripts.find(package, script).is_some() {
            return Ok(scripts);
        }
        let problem = format!(
            "scripts: {} has no {script}; expected a folder such as node_modules/@clerk/clerk-js/dist",
            scripts.0.display()
        );
        Err(io::Error::new(io::ErrorKind::NotFound, problem))
    }

    /// Returns the path of a package's file: in this folder, in a folder of packages, or in a package beside this one.
    fn find(&self, package: &str, file: &str) -> Option<PathBuf> {
        let is_name = |part: &str| {
            part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
                && !part.contains("..")
                // Not for anybody: every page may load what is served.
                && !part.starts_with('.')
        };
        if !is_name(file) {
            return None;
        }
        let packages = [Some(&*self.0), self.0.parent(), self.0.parent().and_then(Path::parent)];
        let folders = packages.into_iter().flatten().map(|folder| folder.join(package).join("dist"));
        let own = (package == PACKAGES[0].0).then(|| [self.0.clone(), self.0.join("dist")]);
        let mut paths = own.into_iter().flatten().chain(folders).map(|folder| folder.join(file));
        paths.find(|path| path.is_file())
    }
}

/// The package and the file of a path such as `/npm/@clerk/clerk-js@6/dist/clerk.browser.js`. The version is ignored.
fn parse(path: &str) -> Option<(&'static str, &str)> {
    let (package, rest) = path.strip_prefix("/npm/@clerk/")?.split_once('/')?;
    let name = package.split_once('@').map_or(package, |(name, _)| name);
    let (package, _) = PACKAGES.iter().find(|(known, _)| *known == name)?;
    Some((package, rest.strip_prefix("dist/")?))
}

impl LocalClerk {
    /// Returns the URLs of the scripts under this address, each with the end of the variable for it.
    pub(super) fn script_urls(&self, address: &str) -> Vec<(&'static str, String)> {
        let Some(scripts) = &self.shared.scripts else { return Vec::new() };
        let found = PACKAGES.iter().filter(|(package, script)| scripts.find(package, script).is_some());
        let url = |(package, script): &(&str, &str)| {
            let variable = if *package == PACKAGES[0].0 { "CLERK_JS_URL" } else { "CLERK_UI_URL" };
            (variable, format!("{address}/npm/@clerk/{package}@latest/dist/{script}"))
        };
        found.map(url).collect()
    }

    /// Responds to a request for a script; `None` for other requests.
    pub(super) fn script(&self, request: &Request<Bytes>) -> Option<HttpResponse> {
        let path = request.uri().path();
        if !path.starts_with("/npm/") || ![Method::GET, Method::HEAD].contains(request.method()) {
            return None;
        }
        let Some(scripts) = &self.shared.scripts else {
            return Some(ApiError::no_scripts(path).into_response());
        };
        let file = parse(path).and_then(|(package, file)| scripts.find(package, file));
        let Some(text) = file.as_ref().and_then(|file| fs::read(file).ok()) else {
            return Some(ApiError::no_path(request.method(), path).into_response());
        };
        let kind = match file.as_deref().and_then(Path::extension).and_then(|kind| kind.to_str()) {
            Some("js" | "mjs") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            _ => "application/octet-stream",
        };
        let mut response = Response::new(LocalBody::from(text));
        *response.status_mut() = StatusCode::OK;
        for (name, value) in [
            (CONTENT_TYPE, kind),
            (CACHE_CONTROL, "no-cache"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // Front ends of other origins load it, with the attribute `crossorigin`.
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        Some(response)
    }
}
