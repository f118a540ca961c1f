"""Calls every method of Clerk's Python SDK that has an operation, against a server.

    python sdk.py BASE_URL SECRET_KEY

Prints one line for each call that went wrong, and a summary. The exit code is 1 if anything went wrong, if a method was not
called, or if a call took longer than ten seconds.
"""

import inspect
import re
import sys
import time

import story
from clerk_backend_api import Clerk
from clerk_backend_api.models import SDKError
from clerk_backend_api.utils import BackoffStrategy, RetryConfig

# Long enough for any answer, short enough to notice that an error is sent again and again.
SLOW = 10


class Answer(dict):
    """What was answered; a missing identifier is a name that nothing has."""

    def __missing__(self, name):
        return f"none_{name}"


def plain(name):
    return name.replace("_", "").lower()


def methods(clerk):
    """The SDK's methods by operation."""
    found = {}
    for section in type(clerk)._sub_sdk_map if hasattr(type(clerk), "_sub_sdk_map") else []:
        collect(getattr(clerk, section), found)
    return found


def collect(section, found):
    for name, method in inspect.getmembers(section, inspect.ismethod):
        if name.startswith("_") or name.endswith("_async"):
            continue
        operation = re.search(r'operation_id="(\w+)"', inspect.getsource(method))
        if operation:
            found.setdefault(operation.group(1), method)
    for nested in getattr(type(section), "_sub_sdk_map", {}):
        collect(getattr(section, nested), found)


class Caller:
    def __init__(self, base_url, secret_key):
        self.base_url = base_url
        self.clerk = self.client(secret_key)
        self.methods = methods(self.clerk)
        self.called, self.wrong = set(), 0

    def client(self, key):
        return Clerk(bearer_auth=key, server_url=self.base_url)

    def __call__(self, operation, path=None, query=None, body=None, files=None, key=None, status=None):
        if operation not in self.methods:
            return Answer()
        method = methods(self.client(key))[operation] if key else self.methods[operation]
        allowed = () if status is None else status if isinstance(status, tuple) else (status,)
        self.called.add(operation)
        started = time.monotonic()
        try:
            answer = method(**arguments(method, path, query, body, files))
            problem = None
        except Exception as error:  # whatever a user of the SDK would see
            answer = None
            found = getattr(error, "status_code", None)
            problem = None if found in allowed else f"{type(error).__name__}: {str(error)[:300]}"
        if time.monotonic() - started > SLOW:
            problem = f"took {time.monotonic() - started:.0f} seconds"
        if problem:
            self.wrong += 1
            print(f"{operation}\t{problem}".replace("\n", " "))
        return readable(answer)


def arguments(method, path, query, body, files):
    """The values under the names that the method gives them."""
    parameters = inspect.signature(method).parameters
    values = {**(path or {}), **(query or {}), **(body if isinstance(body, dict) else {})}
    for name, (filename, content, kind) in (files or {}).items():
        values[name] = {"file_name": filename, "content": content, "content_type": kind}
    by_name = {plain(name): value for name, value in values.items()}
    found = {name: by_name[plain(name)] for name in parameters if plain(name) in by_name}
    rest = {name: value for name, value in values.items() if plain(name) not in map(plain, found)}
    for name in ("request", "request_body"):
        if name in parameters and name not in found and (rest or body is not None):
            found[name] = body if isinstance(body, list) else rest
    return found


def readable(answer):
    """The answer as the API sent it."""
    if isinstance(answer, list):
        return [readable(one) for one in answer]
    if hasattr(answer, "model_dump"):
        return Answer(answer.model_dump(by_alias=True, mode="json"))
    return Answer()


def main():
    base_url, secret_key = sys.argv[1:]
    call = Caller(base_url, secret_key)
    story.tell(call)
    missing = sorted(set(call.methods) - call.called)
    for operation in missing:
        print(f"{operation}\tnot called")
    print(f"{len(call.called)} of {len(call.methods)} methods called, {call.wrong} problems")
    return 1 if missing or call.wrong or not call.methods else 0


if __name__ == "__main__":
    sys.exit(main())
