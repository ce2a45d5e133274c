//! With `serde_json/arbitrary_precision`, every number arrives in another form. That must not
//! change anything that core reads or that the strategies make.

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ccpayment_core::v1::{CreateOrderResponse, GetBlockHeightResponse};
    use ccpayment_core::v2::{
        CreateAppOrderDepositAddress, GetAppOrderInfoResponse, GetAppWithdrawRecordResponse,
        GetCoin, GetCoinResponse,
    };
    use ccpayment_core::{Amount, CoinId, ErrorCode, RecordId, Timestamp, decode};
    use ccpayment_testing::strategies;
    use proptest::test_runner::{Config, TestRunner};
    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    #[derive(Debug, Deserialize)]
    struct Inner {
        amount: Amount,
        coin: CoinId,
        id: RecordId,
    }

    #[derive(Debug, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        inner: Inner,
    }

    #[test]
    fn the_feature_is_on() {
        let digits = "123456789012345678901234567890.5";
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(digits)
                .unwrap()
                .to_string(),
            digits
        );
    }

    #[test]
    fn amounts_keep_every_digit_and_refuse_fractions_with_the_same_reason() {
        let read = |json: &str| serde_json::from_str::<Amount>(json).map(|it| it.to_string());
        assert_eq!(read("12").unwrap(), "12");
        assert_eq!(read("-12").unwrap(), "-12");
        assert_eq!(
            read("\"1.000000000000000000000000\"").unwrap(),
            "1.000000000000000000000000"
        );
        // The number is exact in this build, so there is no reason to refuse it.
        assert_eq!(
            read("18446744073709551616").unwrap(),
            "18446744073709551616"
        );
        for float in ["1.5", "1.0", "1e5", "1E5"] {
            assert!(
                read(float)
                    .unwrap_err()
                    .to_string()
                    .contains("arrives as a float"),
                "{float}"
            );
        }
        assert!(
            read(&"9".repeat(5_000))
                .unwrap_err()
                .to_string()
                .contains("at most 128 digits")
        );
        assert!(read("{}").is_err() && read("null").is_err() && read(r#"{"a":"1"}"#).is_err());
    }

    #[test]
    fn flattened_and_plain_structs_read_numbers_and_text() {
        for json in [
            r#"{"amount":7,"coin":1280,"id":12}"#,
            r#"{"amount":"7","coin":"1280","id":"12"}"#,
            r#"{"amount":"7","coin":"1280","id":12}"#,
        ] {
            let plain: Inner = serde_json::from_str(json).unwrap();
            let Flat { inner } = serde_json::from_str(json).unwrap();
            for it in [plain, inner] {
                assert_eq!(it.amount.as_str(), "7");
                assert_eq!((it.coin, it.id.as_str()), (CoinId::new(1280), "12"));
            }
        }
        assert!(serde_json::from_str::<Flat>(r#"{"amount":1.5,"coin":1,"id":1}"#).is_err());
        assert!(serde_json::from_str::<Timestamp>("1710234197.5").is_err());
        assert!(serde_json::from_str::<Timestamp>("-1").is_err());
    }

    fn fixture<T: DeserializeOwned>(body: &'static str) -> T {
        decode(&http::Response::new(Bytes::from_static(body.as_bytes()))).unwrap()
    }

    #[test]
    fn whole_answers_are_read_as_ever() {
        let coin: GetCoinResponse =
            fixture(include_str!("../../fixtures/v2/get_coin.response.json"));
        assert_eq!(
            coin.coin.networks.values().next().unwrap().precision,
            Some(18)
        );
        let order: GetAppOrderInfoResponse = fixture(include_str!(
            "../../fixtures/v2/get_app_order_info.response.json"
        ));
        assert_eq!(order.create_at, Some(Timestamp::new(1_710_233_933)));
        let record: GetAppWithdrawRecordResponse = fixture(include_str!(
            "../../fixtures/v2/get_app_withdraw_record.response.json"
        ));
        assert_eq!(record.record.fee.unwrap().coin_id, Some(CoinId::new(1891)));
    }

    /// Fields with two names and unknown fields are buffered while they are read.
    #[test]
    fn answers_of_v1_are_read_as_ever() {
        let order: CreateOrderResponse = fixture(
            r#"{"code":10000,"data":{"amount":1,"product_price":7,"unknown":[1.5,18446744073709551616],
            "order_id":12,"network":"TRC20","pay_address":"T","order_valid_period":823456}}"#,
        );
        assert_eq!(order.product_price.unwrap().as_str(), "7");
        assert_eq!(order.order_valid_period, Some(823_456));
        let heights: GetBlockHeightResponse = fixture(
            r#"{"code":10000,"data":[{"chain":"BCH","current_chain_height":803435,
            "tx_confirm_block_num":2,"block_rate":0.30000000000000000004}]}"#,
        );
        let [height] = heights.chains.as_slice() else {
            panic!("{heights:?}")
        };
        let rate = height.block_rate.as_ref().unwrap();
        assert_eq!(rate.as_str(), "0.30000000000000000004");
        assert!(
            serde_json::to_string(&heights)
                .unwrap()
                .contains(r#""block_rate":0.30000000000000000004"#)
        );
    }

    #[test]
    fn the_code_is_read_as_number_and_as_text() {
        for code in ["14000", "\"14000\""] {
            let body = Bytes::from(format!(r#"{{"code":{code},"msg":"short"}}"#));
            let error = decode::<GetCoinResponse>(&http::Response::new(body)).unwrap_err();
            assert!(error.to_string().contains("14000"), "{error}");
            assert!(
                error
                    .to_string()
                    .contains(ErrorCode::BalanceInsufficient.name())
            );
        }
    }
    /// The description from which the strategies are made is JSON, too.
    #[test]
    fn strategies_can_be_made() {
        let config = Config {
            max_local_rejects: 0,
            failure_persistence: None,
            ..Config::default()
        };
        let answers = strategies::response::<GetCoin>();
        TestRunner::new(config.clone())
            .run(&answers, |_| Ok(()))
            .unwrap();
        let orders = strategies::request::<CreateAppOrderDepositAddress>();
        TestRunner::new(config).run(&orders, |_| Ok(())).unwrap();
    }
}
