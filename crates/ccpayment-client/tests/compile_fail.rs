//! What must not compile, and what the compiler says instead.

#[test]
fn an_unsafe_request_does_not_compile_and_the_message_names_the_safe_method() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
}
