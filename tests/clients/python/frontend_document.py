"""Checks what a server answers to browsers against the schemas of Clerk's OpenAPI document of the Frontend API.

    python frontend_document.py DOCUMENT SERVER_URL SECRET_KEY

Prints a table: operation, statuses, and problems. Then it lists the operations of the document that the server does not
answer. The exit code is 1 if anything went wrong, or if an operation of the document was not called.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

import frontend_story
from document import Answer, Document, multipart

# Where the pages are whose scripts call.
ORIGIN = "http://127.0.0.1:3000"
# What is otherwise than in the document: it allows no other fields, but the instance has a social provider of its own, and
# follows RFC 9207; and it wants a strategy before a code was sent, which Clerk's JavaScript takes for one that was.
NEWER = (
    "'oauth_custom_local' was unexpected",
    "'authorization_response_iss_parameter_supported' was unexpected",
    "'status': 'unverified', 'strategy': None",
)
# The headers with which a browser asks for a page.
NAVIGATION = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"}


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirects)


class Reply:
    """What was answered: `body`, its part `response` as `it`, and the URL of a redirect."""

    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text
        self.location = headers.get("Location") or ""
        try:
            self.body = json.loads(text) if text else None
        except ValueError:
            self.body = text
        it = self.body.get("response", self.body) if isinstance(self.body, dict) else self.body
        self.it = Answer(it) if isinstance(it, dict) else it or Answer()

    def code(self):
        """The code of the first error."""
        errors = self.body.get("errors") if isinstance(self.body, dict) else None
        return errors[0].get("code") if errors else None

    def query(self, name):
        """A parameter of the URL of a redirect."""
        found = urllib.parse.parse_qs(urllib.parse.urlsplit(self.location).query)
        return found.get(name, [f"none_{name}"])[0]


def send(url, method="GET", headers=(), data=None):
    request = urllib.request.Request(url, data=data, headers=dict(headers), method=method)
    try:
        response = OPENER.open(request, timeout=20)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return Reply(response.status, response.headers, response.read().decode("utf-8", "replace"))


class Server:
    """The server, and what is known of its operations."""

    def __init__(self, document, url, secret_key):
        self.document, self.url, self.secret_key = document, url.rstrip("/"), secret_key
        self.statuses, self.problems, self.refused = {}, {}, set()

    def backend(self, method, path, body=None):
        """Calls the Backend API, to prepare something. It has to succeed."""
        headers = {"Authorization": f"Bearer {self.secret_key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        reply = send(f"{self.url}/v1{path}", method, headers, data)
        if reply.status >= 300:
            raise SystemExit(f"{method} {path}: {reply.status} {reply.text}")
        return reply.it

    def note(self, operation, reply, expected):
        """Checks one answer. `expected` is a status, or the code of an error."""
        if expected == "not_emulated":
            self.refused.add(operation)
        is_expected = expected == (reply.code() if isinstance(expected, str) else reply.status)
        problems = [] if is_expected else [f"expected {expected}: {reply.text[:240]}"]
        # A browser that opens a URL gets a page.
        is_page = reply.headers.get_content_type() == "text/html"
        if expected != "not_emulated" and not is_page:
            problems += self.document.problems(operation, reply.status, reply.body)
        self.statuses.setdefault(operation, []).append(reply.status)
        known = self.problems.setdefault(operation, [])
        known += [problem for problem in problems if problem not in known]

    def page(self, path, form=None, cookies="", **headers):
        """What a browser does outside of scripts: opens a page, or sends its form."""
        data = None if form is None else urllib.parse.urlencode(form).encode()
        headers = {**NAVIGATION, "Cookie": cookies, **headers}
        url = path if path.startswith("http") else self.url + path
        return send(url, "GET" if form is None else "POST", headers, data)


class Browser:
    """A browser, which calls as Clerk's JavaScript does: form-encoded, with `_method` and `__clerk_db_jwt`."""

    def __init__(self, server, with_cookies=False):
        self.server, self.with_cookies, self.token, self.cookies = server, with_cookies, None, ""

    def __call__(self, operation, path=None, query=None, form=None, files=None, json=None, headers=None, expect=200):
        method, template, _ = self.server.document.operations[operation]
        path = {name: urllib.parse.quote(str(value), safe="") for name, value in (path or {}).items()}
        url = self.server.url + template.format_map(path)
        pairs = list((query or {}).items())
        if self.token and not self.with_cookies:
            pairs.append(("__clerk_db_jwt", self.token))
        if method not in ("GET", "POST"):
            pairs.append(("_method", method))
        if pairs:
            url += "?" + urllib.parse.urlencode(pairs, doseq=True)
        headers = {"Origin": ORIGIN, **({"Cookie": self.cookies} if self.with_cookies else {}), **(headers or {})}
        data, kind = None, None
        if files:
            data, kind = multipart({}, files)
        elif json is not None:
            data, kind = dumps(json), "application/json"
        elif form is not None:
            data, kind = urllib.parse.urlencode(form, doseq=True).encode(), "application/x-www-form-urlencoded"
        if kind:
            headers["Content-Type"] = kind
        reply = send(url, "GET" if method == "GET" else "POST", headers, data or (None if method == "GET" else b""))
        if self.with_cookies:
            lines = reply.headers.get_all("Set-Cookie") or []
            fresh = [line.split(";")[0] for line in lines]
            self.cookies = "; ".join([cookie for cookie in self.cookies.split("; ") if cookie] + fresh)
        self.server.note(operation, reply, expect)
        return reply

    def navigate(self, operation, path=None, query=None, url=None, expect=303):
        """Opens the URL of an operation, or one that was sent."""
        _, template, _ = self.server.document.operations[operation]
        target = url or template.format_map(path or {}) + "?" + urllib.parse.urlencode(query or {})
        reply = self.server.page(target, cookies=self.cookies)
        self.server.note(operation, reply, expect)
        return reply


def dumps(value):
    return json.dumps(value).encode()


def main():
    path, url, secret_key = sys.argv[1:]
    document = Document(path, NEWER, {})
    server = Server(document, url, secret_key)
    frontend_story.tell(server, lambda **options: Browser(server, **options))
    wrong = 0
    for operation in document.operations:
        if operation not in server.statuses:
            continue
        statuses = ",".join(map(str, sorted(set(server.statuses[operation]))))
        problems = server.problems[operation]
        wrong += len(problems)
        print(f"{operation}\t{statuses}\t{' | '.join(problems) or 'ok'}")
    print(f"\nNot emulated: {', '.join(sorted(server.refused))}")
    missing = sorted(set(document.operations) - set(server.statuses))
    if missing:
        print(f"Not called: {', '.join(missing)}")
    answered = len(server.statuses) - len(server.refused)
    print(f"{answered} of {len(document.operations)} operations answered, {wrong} problems")
    return 1 if missing or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
