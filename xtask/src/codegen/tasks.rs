//! The table at the head of a version's module: what a merchant wants, and the request for it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::rust::{method, type_name};
use crate::spec::Document;

/// The greatest width of a row, since a row can't be folded.
const WIDTH: usize = 100 - "//! ".len();

/// A row for each operation, by the order of groups and of operations in the document.
pub(crate) fn table(document: &Document) -> Result<String> {
    let mut out = "| I want to | request | method of `Client` |\n|---|---|---|\n".to_owned();
    let (mut tasks, mut rows) = (BTreeSet::new(), 0);
    for tag in &document.tags {
        let operations = document.paths.values().map(|item| &item.post);
        for operation in operations.filter(|it| it.tags.contains(&tag.name)) {
            let (id, task) = (&operation.operation_id, operation.task.as_str());
            let row = format!(
                "| {task} | [`{}`] | `{}` |",
                type_name(id),
                method(operation)
            );
            ensure!(!task.is_empty(), "{id} has no x-ccpayment-task");
            ensure!(
                tasks.insert(task),
                "{id} is not alone with its task: {task}"
            );
            ensure!(row.len() <= WIDTH, "the task of {id} is too long: {task}");
            writeln!(out, "{row}")?;
            rows += 1;
        }
    }
    ensure!(
        rows == document.paths.len(),
        "{rows} rows for {} operations: each has one group",
        document.paths.len()
    );
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec;

    /// A document with two operations in two groups.
    fn document(first: &str, second: &str) -> Result<Document> {
        let operation = |path: &str, tag: &str, more: &str| {
            format!(
                "  /{path}:\n    post:\n      operationId: {path}\n      tags: [{tag}]\n      \
                 summary: ''\n      {more}\n      x-ccpayment-aliases: []\n      x-ccpayment-idempotency: read\n      \
                 x-ccpayment-source: documented\n      responses: {{}}\n"
            )
        };
        spec::parse(&format!(
            "tags:\n  - {{ name: order, description: '' }}\n  - {{ name: coin, description: '' }}\n\
             webhooks: {{}}\nx-ccpayment-codes: []\ncomponents: {{ schemas: {{}} }}\npaths:\n{}{}",
            operation("getCoin", "coin", first),
            operation("createOrder", "order", second),
        ))
    }

    fn task(text: &str) -> String {
        format!("x-ccpayment-task: {text}")
    }

    #[test]
    fn each_operation_has_a_row_in_the_order_of_its_group() {
        let orders = task("take an order") + "\n      x-ccpayment-sent-by: submit";
        let document = document(&task("look up a coin"), &orders).unwrap();
        let table = table(&document).unwrap();
        assert!(
            table.ends_with(
                "| take an order | [`CreateOrder`] | `submit` |\n\
                 | look up a coin | [`GetCoin`] | `send` |\n"
            ),
            "{table}"
        );
    }

    #[test]
    fn an_operation_without_a_task_of_its_own_stops_it() {
        let complaint = |document: Result<Document>| {
            let table = document.and_then(|it| table(&it));
            format!("{:#}", table.unwrap_err())
        };
        let take = task("take an order");
        let without = complaint(document("deprecated: true", &take));
        assert!(without.contains("x-ccpayment-task"), "{without}");
        let empty = complaint(document(&task("''"), &take));
        assert!(empty.contains("getCoin has no x-ccpayment-task"), "{empty}");
        let twice = complaint(document(&take, &take));
        assert!(twice.contains("not alone"), "{twice}");
        let long = complaint(document(&task(&"look ".repeat(20)), &take));
        assert!(long.contains("too long"), "{long}");
    }
}
