"""The mail system of the tests does what the other tests rely on."""

import pathlib
import smtplib
import ssl
import unittest

import harness

ANA, LEE = "ana@ourco.example", "lee.wong@acme.example"


def greeting(capabilities_of):
    return {name.upper() for name in capabilities_of.esmtp_features}


class MailServer(harness.MailTestCase):
    USERS = {ANA: "secret", LEE: "pw", "kim@slow.example": "pw"}
    BOUNCE_DOMAINS = ("void.example",)
    GREY_DOMAINS = ("slow.example",)

    def setUp(self):
        pass  # no usher in this test

    def test_conversation_keeps_its_thread(self):
        self.rig.send_by_hand(harness.compose(ANA, LEE, "Thread one", "Hello Lee, grüße."))
        first = self.rig.wait_for(LEE, subject="Thread one")
        self.assertIn("grüße", first.text)
        self.assertEqual(first.flags, set())
        self.rig.send(harness.answer(first, LEE, "Thanks."), port="smtp")
        reply = self.rig.wait_for(ANA, subject="Re: Thread one")
        self.assertEqual(reply["In-Reply-To"], first.message_id)
        self.assertEqual(reply.references, [first.message_id])
        self.assertIn("> Hello Lee", reply.text)
        self.assertEqual(len(self.rig.find(ANA, "Sent", subject="Thread one")), 1)

    def test_plus_address_reaches_its_person(self):
        self.rig.deliver(harness.compose(LEE, "ana+k3y@ourco.example", "To a token", "x"), LEE)
        mail = self.rig.wait_for(ANA, subject="To a token")
        self.assertEqual(mail["Delivered-To"], "ana+k3y@ourco.example")

    def test_recipients_that_are_refused(self):
        cases = (("nobody@acme.example", 550, b"5.1.1"), ("x@elsewhere.example", 550, b"5.1.2"),
                 ("kim@slow.example", 451, b"4.7.1"))
        for recipient, code, status in cases:
            for port in ("smtp", "smtp_no_chunking", "submission"):
                with self.subTest(recipient=recipient, port=port):
                    with self.assertRaises(smtplib.SMTPRecipientsRefused) as caught:
                        self.rig.send(harness.compose(ANA, recipient, "Refused", "x"), port=port)
                    answered = caught.exception.recipients[recipient]
                    self.assertEqual(answered[0], code)
                    self.assertIn(status, answered[1])

    def test_grey_domain_opens(self):
        self.rig.open_grey_domains()
        self.addCleanup(self.rig.close_grey_domains)
        self.rig.send(harness.compose(ANA, "kim@slow.example", "Second attempt", "x"), port="smtp")
        self.rig.wait_for("kim@slow.example", subject="Second attempt")

    def test_bounce_is_a_delivery_status_mail(self):
        sent = harness.compose(ANA, "gone@void.example", "Into the void", "x")
        self.rig.send(sent, port="smtp")
        bounce = self.rig.wait_for(ANA, where=lambda mail: mail.message.get_content_type() == "multipart/report")
        self.assertEqual(bounce["Return-Path"], "<>")
        parts = [part.get_content_type() for part in bounce.message.walk()]
        self.assertIn("message/delivery-status", parts)
        self.assertIn(b"Final-Recipient: rfc822;gone@void.example", bounce.raw)
        self.assertIn(b"Action: failed", bounce.raw)
        self.assertIn(b"Status: 5.", bounce.raw)
        self.assertIn(str(sent["Message-ID"]).encode(), bounce.raw)

    def test_chunking_differs_by_port(self):
        for port, offered in (("smtp", True), ("smtp_no_chunking", False)):
            with self.subTest(port=port), smtplib.SMTP(self.rig.host, self.rig.port(port), timeout=20) as connection:
                connection.starttls(context=self.rig.tls())
                connection.ehlo()
                self.assertEqual("CHUNKING" in greeting(connection), offered)

    def test_login_needs_tls_and_the_right_password(self):
        for port in ("smtp", "submission"):
            with self.subTest(port=port), smtplib.SMTP(self.rig.host, self.rig.port(port), timeout=20) as connection:
                connection.ehlo()
                self.assertIn("STARTTLS", greeting(connection))
                if port == "smtp":  # Dovecot names AUTH before TLS too, and refuses it
                    self.assertNotIn("AUTH", greeting(connection))
                connection.starttls(context=self.rig.tls())
                self.assertRaises(smtplib.SMTPAuthenticationError, connection.login, ANA, "wrong")
        with smtplib.SMTP(self.rig.host, self.rig.port("smtp"), timeout=20) as connection:
            connection.starttls(context=self.rig.tls())
            connection.ehlo()
            self.assertEqual(connection.mail(ANA)[0], 530)

    def test_implicit_tls(self):
        for port in ("smtps", "submissions"):
            with self.subTest(port=port), smtplib.SMTP_SSL(self.rig.host, self.rig.port(port), timeout=20,
                                                           context=self.rig.tls()) as connection:
                connection.login(LEE, "pw")

    def test_certificate_is_ours_alone(self):
        for context in (ssl.create_default_context(),
                        ssl.create_default_context(cafile=self.rig.server["other_ca_file"])):
            with smtplib.SMTP(self.rig.host, self.rig.port("smtp"), timeout=20) as connection:
                self.assertRaises(ssl.SSLCertVerificationError, connection.starttls, context=context)

    def test_out_of_office_has_a_null_sender(self):
        self.rig.deliver(harness.compose(ANA, LEE, "Are you there", "x"), ANA)
        mail = self.rig.wait_for(LEE, subject="Are you there")
        self.rig.deliver(harness.out_of_office(mail, LEE))
        away = self.rig.wait_for(ANA, subject="Automatic reply: Are you there")
        self.assertEqual((away["Return-Path"], away["Auto-Submitted"]), ("<>", "auto-replied"))

    def test_a_person_may_come_later(self):
        self.rig.add_user("new@acme.example", "pw")
        self.rig.send(harness.compose(ANA, "new@acme.example", "Welcome", "x"))
        self.rig.wait_for("new@acme.example", subject="Welcome")

    def test_mail_lies_as_files(self):
        self.rig.send(harness.compose(ANA, LEE, "As a file", "x"))
        self.rig.wait_for(LEE, subject="As a file")
        files = [path for path in pathlib.Path(self.rig.server["mail_dir"], LEE).rglob("*") if path.is_file()]
        self.assertTrue(any(b"Subject: As a file" in path.read_bytes() for path in files))


if __name__ == "__main__":
    unittest.main()
