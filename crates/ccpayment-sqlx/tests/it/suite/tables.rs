//! The tables: their names and their version.

use ccpayment_sqlx::durable::{Store, StoreError};
use futures_util::future::join_all;

use super::fixture;
use crate::fixture::{Fixture, claim, deposit, ids, put};

pub(crate) async fn two_names_in_one_database<F: Fixture>() {
    let fixture = fixture!(F::migrated("names"));
    let store = fixture.store();
    let other = fixture.named("names_other").unwrap();
    fixture.migrate(&other).await.unwrap();
    assert_eq!(put(store, &[deposit("a")]).await, [true]);
    assert_eq!(
        put(&other, &[deposit("a"), deposit("b")]).await,
        [true, true]
    );
    assert_eq!(ids(&claim(store, 9).await), ["a"]);
    assert_eq!(claim(&other, 9).await.len(), 2);
}

pub(crate) async fn migrated_by_many_at_once<F: Fixture>() {
    let fixture = fixture!(F::empty("migrate"));
    let store = fixture.store();
    let all = join_all((0..8).map(|_| fixture.migrate(store))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    put(store, &[deposit("a")]).await;
    fixture.migrate(store).await.unwrap();
    assert_eq!(
        fixture
            .number("SELECT count(*) FROM {schema_version}")
            .await,
        1
    );
    assert_eq!(fixture.number("SELECT count(*) FROM {entry}").await, 1);
}

pub(crate) async fn beside_a_merchants_migrations<F: Fixture>() {
    let fixture = fixture!(F::empty("beside"));
    let table = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY)";
    fixture.run(table).await;
    fixture
        .run("INSERT INTO _sqlx_migrations VALUES (1), (2)")
        .await;
    fixture.migrate(fixture.store()).await.unwrap();
    fixture.check(fixture.store()).await.unwrap();
    assert_eq!(
        fixture
            .number("SELECT count(*) FROM _sqlx_migrations")
            .await,
        2
    );
}

pub(crate) async fn checked<F: Fixture>() {
    let fixture = fixture!(F::empty("check"));
    let store = fixture.store();
    let found = |result: Result<(), StoreError>| match result {
        Err(StoreError::Schema { found, needed: 1 }) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(found(fixture.check(store).await), 0);
    // Nothing was created by looking.
    assert_eq!(found(fixture.check(store).await), 0);
    fixture.migrate(store).await.unwrap();
    fixture.check(store).await.unwrap();

    fixture.run("UPDATE {schema_version} SET version = 2").await;
    assert_eq!(found(fixture.check(store).await), 2);
    assert_eq!(found(fixture.migrate(store).await), 2);
    fixture.run("UPDATE {schema_version} SET version = 0").await;
    assert_eq!(found(fixture.check(store).await), 0);
    // The tables are there, so this migration can't run; and it leaves nothing half done.
    let error = fixture.migrate(store).await.unwrap_err();
    assert!(matches!(error, StoreError::Database(_)), "{error}");
    assert_eq!(
        fixture
            .number("SELECT count(*) FROM {schema_version}")
            .await,
        1
    );
    assert!(store.begin().await.is_ok());
}

pub(crate) async fn invalid_names<F: Fixture>() {
    let fixture = fixture!(F::empty("invalid"));
    let long = "a".repeat(41);
    for name in [
        "", "Shop", "1a", "a-b", "a\"b", "a b", "ä", "pg_x", "a;", &long,
    ] {
        let error = fixture.named(name).err();
        assert!(
            error.is_some_and(|it| it.to_string().contains("no name for tables")),
            "{name}"
        );
    }
    for name in ["a", "_", "shop_2", "user", "select"] {
        let store = fixture.named(name).unwrap();
        assert!(fixture.check(&store).await.is_err());
    }
    // A word of SQL is a name as any other.
    let store = fixture.named("select").unwrap();
    fixture.migrate(&store).await.unwrap();
    assert_eq!(put(&store, &[deposit("a")]).await, [true]);
    store.mend_clock().await.unwrap();
}
