//! Tests of the ids.

use super::*;

#[test]
fn names_are_checked_on_the_way_out() {
    let rule = |text: &str| OrderId::new(text).validate("orderId").map_err(|e| e.rule);
    assert_eq!(rule(""), Err(Rule::Empty));
    assert_eq!(rule("ab"), Err(Rule::TooShort { min: 3 }));
    assert_eq!(rule(&"é".repeat(64)), Ok(()));
    assert_eq!(rule(&"é".repeat(65)), Err(Rule::TooLong { max: 64 }));
    let user = UserId::new("system-1").validate("userId").unwrap_err();
    assert_eq!(user.rule, Rule::ForbiddenPrefix { prefix: "sys" });
    assert_eq!(user.field, "userId");
    assert!(CoinId::new(0).validate("coinId").is_err());
}

#[test]
fn a_moment_in_milliseconds_is_refused_and_says_so() {
    let check = |seconds| Timestamp::new(seconds).validate("startAt");
    assert!(check(1_767_225_600).is_ok() && check(Timestamp::LATEST.get()).is_ok());
    for milliseconds in [100_000_000_000, 1_767_225_600_000, u64::MAX] {
        let error = check(milliseconds).unwrap_err();
        assert_eq!(error.rule, Rule::Milliseconds);
        let words = "`startAt` looks like milliseconds; a moment is in whole seconds";
        assert_eq!(error.to_string(), words);
    }
    assert!(CoinId::new(u64::MAX).validate("coinId").is_ok());
}

#[test]
fn the_last_cursor_is_empty_blank_or_nought() {
    for end in ["", " ", "\n", "0", " 0 "] {
        assert!(Cursor::new(end).is_end(), "{end:?}");
    }
    for more in ["00", "1", "10", "46f62e0546f785cf961b922d024236aa"] {
        assert!(!Cursor::new(more).is_end(), "{more:?}");
    }
}

#[test]
fn anything_is_accepted_on_the_way_in() {
    assert_eq!(
        serde_json::from_str::<RecordId>("\"20240313121919...\"")
            .unwrap()
            .as_str(),
        "20240313121919..."
    );
    assert_eq!(
        serde_json::from_str::<RecordId>("12").unwrap().as_str(),
        "12"
    );
    assert_eq!(
        serde_json::from_str::<CoinId>("\"1280\"").unwrap(),
        CoinId::new(1280)
    );
    assert_eq!(
        serde_json::from_str::<CoinId>("1280").unwrap(),
        CoinId::new(1280)
    );
    assert!(serde_json::from_str::<CoinId>("1.5").is_err());
    assert!(serde_json::from_str::<CoinId>("-1").is_err());
}

#[test]
fn a_record_id_of_blanks_or_with_a_control_character_is_none() {
    for text in [
        r#"" ""#,
        r#""\t""#,
        r#""12\n""#,
        r#""1\u00002""#,
        r#""1\u20282""#,
    ] {
        assert!(serde_json::from_str::<RecordId>(text).is_err(), "{text}");
    }
    // The merchant's own ids are his.
    let own: OrderId = serde_json::from_str(r#""order\n1""#).unwrap();
    assert_eq!(own.as_str(), "order\n1");
    for text in [r#""+1""#, r#""01""#, r#"" 1""#, r#""1.0""#] {
        assert!(serde_json::from_str::<CoinId>(text).is_err(), "{text}");
    }
}

#[test]
fn either_or_is_one_key() {
    let key = RecordKey::from(OrderId::new("1709889675"));
    assert_eq!(
        serde_json::to_string(&key).unwrap(),
        r#"{"orderId":"1709889675"}"#
    );
    assert!(serde_json::from_str::<RecordKey>(r#"{"recordId":"1","orderId":"2"}"#).is_err());
}

#[test]
fn names_convert_both_ways() {
    let id: OrderId = "order-1".parse().unwrap();
    assert!(id == "order-1" && id == *"order-1");
    let same: OrderId = (&id).into();
    assert_eq!(same, id);
    assert_eq!(AsRef::<str>::as_ref(&id), "order-1");
    assert_eq!(String::from(id), "order-1");
    assert_eq!(CoinId::from(1280), CoinId::from(1280_u64));
    assert_eq!(u64::from(CoinId::from(1280_u32)), 1280);
    let error = CoinId::from(-5).validate("coinId").unwrap_err();
    assert_eq!(error.rule, Rule::TooSmall { min: 1 });
    let moment = Timestamp::new(1_767_225_600);
    assert_eq!(Timestamp::from(moment.to_system().unwrap()), moment);
    assert_eq!(Timestamp::new(u64::MAX).to_system(), None);
}
