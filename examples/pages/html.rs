//! A minimal template for the pages.

use axum::response::Html;

/// Renders a page. `title` is plain text and is escaped; `main` is HTML.
pub(crate) fn page(title: &str, main: &str) -> Html<String> {
    let title = escape(title);
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>:root {{ color-scheme: light dark }} body {{ margin: 12vh auto; max-width: 30rem; padding: 0 1rem; \
         font: 1rem/1.5 system-ui, sans-serif }} img {{ border-radius: 50% }}</style>\n\
         <nav><a href=\"/\">Home</a></nav>\n<h1>{title}</h1>\n{main}\n"
    ))
}

/// Escapes text for HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
