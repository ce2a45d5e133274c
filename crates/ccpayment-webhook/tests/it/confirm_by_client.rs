//! The read and its judgement in one call.

use async_trait::async_trait;
use bytes::Bytes;
use ccpayment_client::{BoxError, Client, Exchange, Transport, TransportError};
use ccpayment_core::v2::GetAppWithdrawRecord;
use ccpayment_core::{AppId, AppSecret, Credentials, RecordId};
use ccpayment_webhook::{
    ConfirmError, ConfirmedWithdrawal, DepositDecision, Event, WithdrawalDecision,
};

use crate::delivery::{API_DEPOSIT, API_WITHDRAWAL, APP_ID, SECRET, read};

/// Answers a read of the right record with these fields of it.
struct Record {
    operation: &'static str,
    fields: &'static str,
}

#[async_trait]
impl Transport for Record {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        assert_eq!(exchange.operation, self.operation);
        if self.fields.is_empty() {
            return Err(TransportError::NotSent(BoxError::from("no route to host")));
        }
        let asked: serde_json::Value = serde_json::from_slice(exchange.request.body()).unwrap();
        let answer = format!(
            r#"{{"code":10000,"msg":"success","data":{{"record":{{"recordId":{},{}}}}}}}"#,
            asked["recordId"], self.fields
        );
        Ok(http::Response::new(answer.into()))
    }
}

fn client(operation: &'static str, fields: &'static str) -> Client {
    let credentials = Credentials::new(AppId::new(APP_ID), AppSecret::new(SECRET)).unwrap();
    Client::new(credentials, Record { operation, fields })
}

const PAID: &str = r#""coinId":2541,"amount":"25","status":"Success","isFlaggedAsRisky":false"#;

#[tokio::test]
async fn deposits_are_confirmed() {
    let client = client("getAppDepositRecord", PAID);
    let Event::ApiDeposit(deposit) = read(API_DEPOSIT) else {
        panic!("not read")
    };
    let confirmed = deposit.confirm(&client).await.unwrap();
    let DepositDecision::Credit(paid) = confirmed.decision() else {
        panic!("not creditable")
    };
    assert_eq!(paid.amount().as_str(), "25");

    let body = r#"{"type":"DirectDeposit","msg":{"recordId":"1","referenceId":"r-1","coinId":7,
        "status":"Success"}}"#;
    let Event::DirectDeposit(deposit) = read(body) else {
        panic!("not read")
    };
    let error = deposit.confirm(&client).await.unwrap_err();
    assert!(matches!(error, ConfirmError::Mismatch { field: "coinId" }));
}

#[tokio::test]
async fn a_withdrawal_is_confirmed() {
    let fields = r#""coinId":1891,"amount":"25","status":"Failed""#;
    let client = client("getAppWithdrawRecord", fields);
    let Event::ApiWithdrawal(withdrawal) = read(API_WITHDRAWAL) else {
        panic!("not read")
    };
    let confirmed = withdrawal.confirm(&client).await.unwrap();
    let failed = WithdrawalDecision::Failed { reason: None };
    assert_eq!(confirmed.decision(), failed);
}

#[tokio::test]
async fn the_events_of_a_user_are_confirmed_by_the_records_of_users() {
    let body = r#"{"type":"UserDeposit","msg":{"recordId":"20240313","userId":"user-1",
        "coinId":2541,"status":"Success"}}"#;
    let Event::UserDeposit(deposit) = read(body) else {
        panic!("not read")
    };
    let client = client("getUserDepositRecord", PAID);
    let confirmed = deposit.confirm(&client).await.unwrap();
    assert!(matches!(confirmed.decision(), DepositDecision::Credit(_)));

    let body = r#"{"type":"UserWithdrawal","msg":{"recordId":"20240313","orderId":"o-1",
        "userId":"user-1","coinId":7,"status":"Processing"}}"#;
    let Event::UserWithdrawal(withdrawal) = read(body) else {
        panic!("not read")
    };
    let fields = r#""coinId":7,"amount":"25","status":"Processing","orderId":"o-1""#;
    let client = self::client("getUserWithdrawRecord", fields);
    let confirmed = withdrawal.confirm(&client).await.unwrap();
    assert_eq!(confirmed.decision(), WithdrawalDecision::NotYet);
}

#[tokio::test]
async fn a_record_without_an_event_is_read_and_judged() {
    let fields = r#""coinId":7,"amount":"25","status":"Success","orderId":"payout-1""#;
    let client = client("getAppWithdrawRecord", fields);
    let by_record = GetAppWithdrawRecord::new(RecordId::new("20240313"));
    let confirmed = ConfirmedWithdrawal::read(&client, &by_record).await;
    assert_eq!(confirmed.unwrap().decision(), WithdrawalDecision::Arrived);
}

#[tokio::test]
async fn a_read_that_fails_keeps_its_cause() {
    let Event::ApiDeposit(deposit) = read(API_DEPOSIT) else {
        panic!("not read")
    };
    let error = (deposit.confirm(&client("getAppDepositRecord", "")).await).unwrap_err();
    assert!(matches!(error, ConfirmError::Read(_)));
    let report = ccpayment_core::ErrorReport::new(&error).to_string();
    let cause = "getAppDepositRecord failed: the request was not sent";
    assert!(report.contains(cause), "{report}");
}
