"""Orders and withdrawals by clients that were generated from the published documents.

Signing is the only thing that is written by hand: a hook signs the bytes as they are sent. The
generated packages stand in the folder of the first argument.
"""

import hashlib
import hmac
import json
import os
import sys
import time
import uuid

import httpx

sys.path.insert(0, sys.argv[1])

from ccpayment_v1 import Client as ClientV1
from ccpayment_v1 import models as m1
from ccpayment_v1.api.order import create_order
from ccpayment_v1.api.record import get_order_info
from ccpayment_v1.api.withdrawal import withdraw
from ccpayment_v2 import Client as ClientV2
from ccpayment_v2 import models as m2
from ccpayment_v2.api.coin import get_coin
from ccpayment_v2.api.deposit import get_app_deposit_record
from ccpayment_v2.api.order import create_app_order_deposit_address, get_app_order_info
from ccpayment_v2.api.withdrawal import apply_app_withdraw_to_network, get_app_withdraw_record
from sandbox_admin import Client as Admin
from sandbox_admin.api.default import confirm, pay, settle
from sandbox_admin.models import ConfirmBody, PayBody, SettleBody

GATEWAY = json.loads(os.environ["CONFORMANCE_GATEWAY"])
APP_ID, SECRET = GATEWAY["app_id"].encode(), GATEWAY["app_secret"].encode()
RECEIVER = GATEWAY["receivers"][0]


def sign_v2(request: httpx.Request):
    now = str(int(time.time()))
    sign = hmac.new(SECRET, APP_ID + now.encode() + request.content, hashlib.sha256).hexdigest()
    request.headers.update({"Appid": GATEWAY["app_id"], "Timestamp": now, "Sign": sign})


def sign_v1(request: httpx.Request):
    now = str(int(time.time()))
    sign = hashlib.sha256(APP_ID + SECRET + now.encode() + request.content).hexdigest()
    request.headers.update({"Appid": GATEWAY["app_id"], "Timestamp": now, "Sign": sign})


def client(kind, version, sign):
    url = f"{GATEWAY['origin']}/ccpayment/{version}"
    return kind(base_url=url, httpx_args={"event_hooks": {"request": [sign]}})


def data(answer):
    """Of a success; a refusal has a type of its own."""
    assert type(answer).__name__.endswith("Answer"), answer
    return answer.data


def v2(admin):
    gateway = client(ClientV2, "v2", sign_v2)
    order = m2.CreateAppOrderDepositAddress("generated-1", 1280, "POLYGON", price="20")
    opened = data(create_app_order_deposit_address.sync(client=gateway, body=order))
    paid = pay.sync(client=admin, body=PayBody(opened.address, "20"))
    about = m2.GetAppOrderInfo("generated-1")
    info = data(get_app_order_info.sync(client=gateway, body=about))
    assert [row.status for row in info.paid_list] == ["Processing"], info
    confirm.sync(client=admin, body=ConfirmBody(paid.record_id))
    info = data(get_app_order_info.sync(client=gateway, body=about))
    assert [(row.status, row.amount) for row in info.paid_list] == [("Success", "20")], info
    about = m2.GetAppDepositRecord(paid.record_id)
    record = data(get_app_deposit_record.sync(client=gateway, body=about)).record
    assert (record.status, record.order_id) == ("Success", "generated-1"), record

    payout = m2.ApplyAppWithdrawToNetwork("generated-2", 1280, "POLYGON", RECEIVER, "3")
    applied = data(apply_app_withdraw_to_network.sync(client=gateway, body=payout))
    settle.sync(client=admin, body=SettleBody())
    about = m2.GetAppWithdrawRecord(order_id="generated-2")
    record = data(get_app_withdraw_record.sync(client=gateway, body=about)).record
    assert (record.record_id, record.status) == (applied.record_id, "Success"), record

    refused = get_coin.sync(client=gateway, body=m2.GetCoin(999_999))
    assert isinstance(refused, m2.Refusal) and refused.code == 13_000, refused


def v1(admin):
    gateway = client(ClientV1, "v1", sign_v1)
    token = uuid.UUID(GATEWAY["known"]["token_id"][0])
    order = m1.CreateOrder("generated-3", "20", token, "USD")
    opened = data(create_order.sync(client=gateway, body=order))
    about = m1.GetOrderInfo(["generated-3"])
    [info] = data(get_order_info.sync(client=gateway, body=about))
    paid = pay.sync(client=admin, body=PayBody(opened.pay_address, info.order_detail.order_amount))
    confirm.sync(client=admin, body=ConfirmBody(paid.record_id))
    [info] = data(get_order_info.sync(client=gateway, body=about))
    assert info.order_detail.status == "Paid", info

    payout = m1.Withdraw("generated-4", RECEIVER, token, "3")
    assert data(withdraw.sync(client=gateway, body=payout)).record_id
    twice = withdraw.sync(client=gateway, body=payout)
    assert isinstance(twice, m1.Refusal), twice


def main():
    admin = Admin(base_url=GATEWAY["origin"])
    v2(admin)
    v1(admin)
    print("generated clients: an order was paid and a withdrawal made, by v2 and by v1")


main()
