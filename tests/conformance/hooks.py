"""What schemathesis has to know about this API: how it is signed, what is there, and how it refuses.

By the documents every refusal is HTTP 200 with a code in the envelope, so that a status says little
and the schema of a success would be held against it. The check below does what the built-in ones
would do in an API that refuses by status. What came of it all is written to CONFORMANCE_COUNTS.
"""

import atexit
import collections
import hashlib
import hmac
import json
import os
import random
import time

import requests.auth
import schemathesis
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import response_schema_conformance

GATEWAY = json.loads(os.environ["CONFORMANCE_GATEWAY"])
VERSION = os.environ["CONFORMANCE_VERSION"]
READING = os.environ["CONFORMANCE_READING"]
KNOWN = GATEWAY["known"]
SUCCESS = 10000
BAD_REQUEST = 990_003 if VERSION == "v1" else 11000
# The codes of a refused signature, which no request here may get.
UNSIGNED = {990_001, 990_002} if VERSION == "v1" else {11001, 11005, 11006, 12001}
# Nobody has published what v1 answers in most cases: the sandbox has numbers of its own there.
MADE_UP = set(range(990_001, 990_009)) if VERSION == "v1" else set()

counts = collections.Counter()
by_route = collections.defaultdict(collections.Counter)
refused_though_valid = collections.Counter()


class Signed(requests.auth.AuthBase):
    """Signs the bytes as they are sent, afresh for each attempt."""

    def __call__(self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        app_id, secret = GATEWAY["app_id"].encode(), GATEWAY["app_secret"].encode()
        timestamp = str(int(time.time())).encode()
        if VERSION == "v1":
            sign = hashlib.sha256(app_id + secret + timestamp + body).hexdigest()
        else:
            sign = hmac.new(secret, app_id + timestamp + body, hashlib.sha256).hexdigest()
        request.headers["Appid"] = GATEWAY["app_id"]
        request.headers.update({"Timestamp": timestamp.decode(), "Sign": sign})
        request.headers.setdefault("Content-Type", "application/json")
        return request


schemathesis.auth.set_from_requests(Signed())

# Far from every limit, at them, and with more decimals than any coin has.
schemathesis.openapi.format(
    "decimal",
    st.one_of(
        st.sampled_from(["1", "2.5", "3", "4", "10", "0.000001", "0.1234567", "1e3", "99999999999999999999"]),
        st.decimals("0.01", "50", places=2).map(str),
        st.decimals("0", "1000000000", places=18).map(lambda it: format(it, "f")),
    ),
)


SPOILS = ("nextId", "memo", "networkFeeInquiryID", "amountOutMinimum")


def informed(value, path, name="", depth=0, dice=random):
    """The value with most of its ids replaced by some that the gateway knows, else all is refused."""
    if isinstance(value, dict):
        # A made-up cursor, memo or quote spoils a call that may be good in all else.
        kept = [key for key in value if key not in SPOILS or dice.random() < 0.1]
        return {key: informed(value[key], path, key, depth + 1, dice) for key in kept}
    if isinstance(value, list):
        return [informed(inner, path, name, depth, dice) for inner in value]
    chance = 0.92
    if name.removesuffix("s") in ("orderId", "batchOrderId", "merchant_order_id"):
        # A new object needs an id of its own, and so does each of its rows.
        opens = not path.startswith(("/get", "/bill/info")) and path not in ("/confirmBatchWithdraw",)
        opens = opens and not (name == "batchOrderId" and path != "/applyBatchWithdraw")
        chance = 0.05 if opens or depth > 1 else chance
    known = KNOWN.get(name) or KNOWN.get(name.removesuffix("s"))
    if name == "address" and "withdraw" in path.lower():
        known = GATEWAY["receivers"]
    if known and dice.random() < chance:
        return dice.choice(known)
    if name.endswith(("At", "Timestamp")) and isinstance(value, int) and dice.random() < chance:
        return int(time.time()) + dice.choice([-3600, -60, 0, 60, 3000])
    if isinstance(value, int) and value > 10**6 and dice.random() < chance:
        return value % 500 + 1
    return value


def learn(body, data):
    """Ids of what was just made, for the calls that ask for it."""
    for source, names in ((body, ("orderId", "batchOrderId", "merchant_order_id")), (data, ("recordId", "address"))):
        for name in names:
            value = source.get(name) if isinstance(source, dict) else None
            if isinstance(value, str) and len(KNOWN[name]) < 400:
                KNOWN[name].append(value)


# The values from clients that can't leave a field out, by the type of the field.
NOTHING = {"integer": [0], "string": [""], "array": [[]], "boolean": [False]}


def unset(case, body, dice):
    """The body with some of the fields that it lacks, as nothing; no fields at all may be a list."""
    raw = case.operation.schema.raw_schema
    post = raw["paths"][case.path]["post"]
    media = post.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = media.get("schema", {}).get("$ref", "").rsplit("/")[-1]
    schema = raw["components"]["schemas"].get(name, {})
    body = dict(body)
    for field, kind in schema.get("properties", {}).items():
        if field not in body and field not in schema.get("required", []) and dice.random() < 0.4:
            body[field] = dice.choice([None, *NOTHING.get(kind.get("type"), [])])
    return body or dice.choice([{}, []])


def is_valid(case):
    return case.meta is None or case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    if is_valid(case) and isinstance(case.body, dict):
        # Drawn from the body itself, so that the same seed reproduces a failure.
        dice = random.Random(json.dumps(case.body, sort_keys=True, default=str))
        case.body = informed(case.body, case.path, dice=dice)
        if READING == "default":
            case.body = unset(case, case.body, dice)


def documented_codes(case):
    schema = case.operation.schema.raw_schema
    listed = schema["x-ccpayment-codes"] + schema.get("x-ccpayment-unnamed-codes", [])
    return {int(row["code"]) for row in listed} | MADE_UP


@schemathesis.check
def envelope(ctx, response, case):
    """A documented status and code; the schema of the answer; refusals in a bare envelope."""
    route = by_route[case.path]
    route["takes something"] = int(bool(case.operation.body))
    counts["examples"] += 1
    route["examples"] += 1
    if response.status_code >= 500:
        counts["server errors"] += 1
        return  # A built-in check fails it.
    if str(response.status_code) not in case.operation.responses.status_codes:
        counts["undocumented"] += 1
        raise AssertionError(f"the status {response.status_code} is not documented")
    answer = response.json()
    code, message = answer.get("code"), answer.get("msg")
    assert isinstance(code, int), f"no code in {answer}"
    if code == SUCCESS:
        route["successes"] += 1
        counts["successes"] += 1
        learn(case.body, answer.get("data"))
        return response_schema_conformance(ctx, response, case)
    if code not in documented_codes(case):
        counts["undocumented"] += 1
        raise AssertionError(f"the code {code} is not documented: {message}")
    assert isinstance(message, str) and message, f"{code} without a message"
    assert answer.get("data") in (None, {}), f"{code} with data: {answer['data']}"
    assert set(answer) <= {"code", "msg", "data", "reason"}, f"more than an envelope: {answer}"
    # One route has the app id in its body as well.
    own = {12001} if case.path == "/getMainCoinList" else set()
    assert code not in UNSIGNED - own, f"the signature was refused: {message}"
    if code == BAD_REQUEST and is_valid(case):
        refused_though_valid[f"{case.path} {message}"] += 1


def write():
    with open(os.environ["CONFORMANCE_COUNTS"], "w") as file:
        json.dump(
            {
                "routes": len(by_route),
                "never_successful": sorted(p for p, c in by_route.items() if not c["successes"]),
                "least_examples": min(
                    (c["examples"] for c in by_route.values() if c["takes something"]), default=0
                ),
                "by_route": {path: dict(count) for path, count in by_route.items()},
                "refused_though_valid": dict(refused_though_valid.most_common(200)),
                **{
                    name.replace(" ", "_"): counts[name]
                    for name in ("examples", "successes", "server errors", "undocumented")
                },
            },
            file,
            indent=1,
        )


atexit.register(write)
