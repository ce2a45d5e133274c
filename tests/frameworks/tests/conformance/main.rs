//! One list of cases for every framework, by raw sockets.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod peer;

#[cfg(test)]
macro_rules! hold {
    ($framework:ident: $($case:ident)+) => {
        mod $framework {$(
            #[test]
            fn $case() {
                crate::cases::$case(frameworks::$framework);
            }
        )+}
    };
    ($($framework:ident)+; $cases:tt) => {$(hold!{@ $framework $cases})+};
    (@ $framework:ident { $($case:ident)+ }) => { hold!{$framework: $($case)+} };
}

#[cfg(test)]
hold! {
    axum tower hyper actix;
    {
        the_bytes_are_verified_as_they_were_sent
        nothing_is_acknowledged_before_the_handler_succeeded
        what_is_not_trusted_never_reaches_the_handler
        a_header_that_is_there_twice_is_refused
        a_header_that_is_missing_is_refused
        header_names_may_have_any_case
        a_body_may_come_in_chunks_and_pieces
        a_body_may_be_as_long_as_the_limit_and_no_longer
        an_endless_body_is_not_read_to_its_end
        a_body_that_stops_is_refused_in_time
        a_body_that_breaks_off_is_not_handled
        other_methods_are_refused
        a_connection_carries_several_deliveries
    }
}
