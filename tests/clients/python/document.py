"""Checks what a server answers against the schemas of Clerk's OpenAPI document, with the library openapi-schema-validator.

    python document.py DOCUMENT BASE_URL SECRET_KEY

Prints one line for each call that went wrong, and a summary. The exit code is 1 if anything went wrong, or if an operation
of the document was not called.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

import yaml
from jsonschema.exceptions import best_match
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

import story

DOCUMENT = "urn:clerk"
# What Clerk has added since the document, which allows no other fields.
NEWER = ("'timezone' was unexpected",)
# Statuses that Clerk really answers with, by those of the document. Clerk's Python SDK needs them.
CORRECTED = {("createApiKey", 201): 200}
# The statuses of success.
OK = (200, 201, 202, 204)
METHODS = ("get", "post", "put", "patch", "delete")


class Answer(dict):
    """What was answered; a missing identifier is a name that nothing has."""

    def __missing__(self, name):
        return f"none_{name}"


def allow_null(node):
    """Says what the document means: a nullable choice may be null, although none of its alternatives, or values, is."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        allow_null(child)
    if not isinstance(node, dict) or node.get("nullable") is not True:
        return
    if isinstance(node.get("enum"), list) and None not in node["enum"]:
        node["enum"].append(None)
    if {"allOf", "anyOf", "oneOf"} & node.keys():
        choice = {name: value for name, value in node.items() if name != "nullable"}
        node.clear()
        node["anyOf"] = [{"enum": [None], "nullable": True}, choice]


class Document:
    """An OpenAPI document. `newer` are ends of messages about what is not in it, and `corrected` statuses that are not."""

    def __init__(self, path, newer=NEWER, corrected=CORRECTED):
        self.newer, self.corrected = newer, corrected
        with open(path, encoding="utf-8") as file:
            self.root = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        allow_null(self.root)
        resource = Resource(contents=self.root, specification=DRAFT4)
        self.registry = Registry().with_resource(DOCUMENT, resource)
        self.operations = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, methods in self.root["paths"].items()
            for method, operation in methods.items()
            if method in METHODS
        }

    def resolve(self, node):
        while "$ref" in node:
            target = self.root
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            node = target
        return node

    def problems(self, operation, status, body):
        """What is wrong with a response."""
        method, path, known = self.operations[operation]
        status = self.corrected.get((operation, status), status)
        if str(status) not in known["responses"]:
            return [f"the document has no status {status}"]
        pointer = ["paths", path, method.lower(), "responses", str(status)]
        response = known["responses"][str(status)]
        if "$ref" in response:
            pointer = response["$ref"].removeprefix("#/").split("/")
        if "application/json" not in self.resolve(response).get("content", {}):
            return []
        pointer += ["content", "application/json", "schema"]
        escaped = [name.replace("~", "~0").replace("/", "~1") for name in pointer]
        reference = f"{DOCUMENT}#/{urllib.parse.quote('/'.join(escaped))}"
        validator = OAS30Validator({"$ref": reference}, registry=self.registry)
        # Of an alternative, the error that is most to the point.
        errors = (best_match([error]) for error in validator.iter_errors(body))
        errors = (error for error in errors if not any(newer in error.message for newer in self.newer))
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:160]}" for error in errors]


class Caller:
    def __init__(self, document, base_url, secret_key):
        self.document, self.base_url, self.secret_key = document, base_url.rstrip("/"), secret_key
        self.called, self.wrong = set(), 0

    def __call__(self, operation, path=None, query=None, body=None, files=None, key=None, status=OK):
        method, template, _ = self.document.operations[operation]
        url = self.base_url + template.format_map({name: urllib.parse.quote(str(value), safe="") for name, value in (path or {}).items()})
        if query:
            url += "?" + urllib.parse.urlencode({name: json.dumps(value) if isinstance(value, bool) else value for name, value in query.items()})
        headers = {"Authorization": f"Bearer {key or self.secret_key}"}
        data = None
        if files:
            data, headers["Content-Type"] = multipart(body or {}, files)
        elif body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        found, answer = exchange(urllib.request.Request(url, data=data, headers=headers, method=method))
        expected = status if isinstance(status, tuple) else (status,)
        problems = [] if found in expected else [f"status {found}: {json.dumps(answer)[:240]}"]
        if found < 300 or status is OK:
            problems += self.document.problems(operation, found, answer)
        self.called.add(operation)
        for problem in problems:
            self.wrong += 1
            print(f"{operation}\t{found}\t{problem}")
        if found >= 300:
            return Answer()
        return Answer(answer) if isinstance(answer, dict) else answer or Answer()


def exchange(request):
    try:
        response = urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        text = response.read()
        try:
            return response.status, json.loads(text) if text else None
        except ValueError:
            return response.status, text.decode("utf-8", "replace")


def multipart(fields, files):
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    for name, (filename, content, kind) in files.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def main():
    path, base_url, secret_key = sys.argv[1:]
    document = Document(path)
    call = Caller(document, base_url, secret_key)
    story.tell(call)
    missing = sorted(set(document.operations) - call.called)
    for operation in missing:
        print(f"{operation}\t-\tnot called")
    print(f"{len(call.called)} of {len(document.operations)} operations called, {call.wrong} problems")
    return 1 if missing or call.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
