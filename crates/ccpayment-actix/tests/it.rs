//! The extractor in a real app, without a socket. What a socket shows is in the repository's
//! `tests/frameworks`.

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use actix_web::body::to_bytes;
    use actix_web::dev::ServiceResponse;
    use actix_web::{App, Error, rt, test, web};
    use ccpayment_actix::webhook::{Verifier, Webhook};
    use ccpayment_actix::{Acknowledged, Notification, NotificationError};
    use ccpayment_core::{AppSecret, HmacKey, SignText};

    const APP_ID: &str = "testappid0000001";
    const SECRET: &str = "sentinel-secret-0000000000000001";
    const SIGNED_AT: u64 = 1_726_717_500;
    const BODY: &str = r#"{"type":"New","msg":{"id":"1"}}"#;

    async fn notify(Notification(event): Notification) -> Result<Acknowledged, Error> {
        Ok(event.acknowledge().into())
    }

    fn text(body: &str) -> SignText<'_> {
        SignText {
            app_id: APP_ID,
            timestamp: "1726717500",
            body: body.as_bytes(),
        }
    }

    fn request(sign: &str, body: &str) -> test::TestRequest {
        test::TestRequest::post()
            .uri("/")
            .insert_header(("Appid", APP_ID))
            .insert_header(("Timestamp", SIGNED_AT.to_string()))
            .insert_header(("Sign", sign))
            .set_payload(body.to_owned())
    }

    fn signed(body: &str) -> test::TestRequest {
        let sign = HmacKey::new(&AppSecret::new(SECRET)).sign(&text(body));
        request(sign.as_str(), body)
    }

    fn webhook<V>(verifier: V) -> Webhook<V> {
        Webhook::with_clock(verifier, || UNIX_EPOCH + Duration::from_secs(SIGNED_AT))
    }

    async fn shown(response: ServiceResponse) -> (u16, String, String) {
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").unwrap();
        let content_type = content_type.to_str().unwrap().to_owned();
        let body = to_bytes(response.into_body()).await.unwrap();
        (
            status,
            content_type,
            String::from_utf8(body.into()).unwrap(),
        )
    }

    const PLAIN: &str = "text/plain; charset=utf-8";

    #[test]
    fn only_what_is_verified_is_handled_and_acknowledged() {
        rt::System::new().block_on(async {
            let verifier = Verifier::new(APP_ID, SECRET).unwrap();
            let receiver = web::resource("/").route(web::post().to(notify));
            let app = App::new().app_data(webhook(verifier)).service(receiver);
            let app = test::init_service(app).await;
            let good = test::call_service(&app, signed(BODY).to_request()).await;
            assert_eq!(shown(good).await, (200, PLAIN.into(), "Success".into()));
            let forged = signed(BODY).set_payload(format!("{BODY} "));
            let forged = test::call_service(&app, forged.to_request()).await;
            let expected = (401, PLAIN.into(), "the signature does not fit".into());
            assert_eq!(shown(forged).await, expected);
        });
    }

    #[test]
    fn an_app_without_a_webhook_says_so() {
        rt::System::new().block_on(async {
            // A common slip: the extractor looks for the webhook itself.
            let inside = web::Data::new(webhook(Verifier::new(APP_ID, SECRET).unwrap()));
            let app = App::new()
                .app_data(inside)
                .route("/", web::post().to(notify));
            let app = test::init_service(app).await;
            let response = test::call_service(&app, signed(BODY).to_request()).await;
            let expected = (500, PLAIN.into(), NotificationError::NoWebhook.to_string());
            assert_eq!(shown(response).await, expected);
        });
    }

    #[cfg(feature = "v1")]
    #[test]
    fn the_older_version_has_its_own_verifier_and_answer() {
        use ccpayment_actix::webhook::v1;
        use ccpayment_core::DigestKey;

        async fn notify(Notification(event): Notification<v1::Event>) -> Acknowledged {
            Acknowledged(event.acknowledge())
        }
        rt::System::new().block_on(async {
            let webhook = webhook(v1::Verifier::new(APP_ID, SECRET).unwrap());
            let app = App::new()
                .app_data(webhook)
                .route("/", web::post().to(notify));
            let app = test::init_service(app).await;
            let sign = DigestKey::new(&AppSecret::new(SECRET)).sign(&text(BODY));
            let good = request(sign.as_str(), BODY).to_request();
            let good = shown(test::call_service(&app, good).await).await;
            assert_eq!(good, (200, PLAIN.into(), "success".into()));
            let of_v2 = test::call_service(&app, signed(BODY).to_request()).await;
            assert_eq!(shown(of_v2).await.0, 401);
        });
    }
}
