/* What may be handed to an SMTP server at all. libesmtp checks nothing: a line break in an address injects
 * commands, a bare line feed in a body smuggles a second message, and some header fields it drops or adds on
 * its own. */
#ifndef USHER_WIRE_SMTP_CHECK_H
#define USHER_WIRE_SMTP_CHECK_H

#include <glib.h>

/* A conservative addr-spec (RFC 5321 section 4.1.2): dot-atom, "@", host name; ASCII, at most 254 bytes,
 * local part at most 64. No quoted local parts, no address literals. USHER_ERROR_DATA with the reason; it
 * never repeats the address's unprintable bytes. An address that needs SMTPUTF8 (RFC 6531) is refused with
 * that reason. */
gboolean smtp_address_valid(const char *address, GError **error);

/* A complete message that will reach the server byte for byte: CR LF line ends only, ending in one, 7-bit, no
 * NUL, lines of at most 998 bytes (RFC 5322 section 2.1.1); Date, From and Message-ID present; none of the
 * fields that may stand only once twice; no Bcc, Return-Path or Original-Recipient. USHER_ERROR_DATA names
 * line or field. */
gboolean smtp_message_valid(const char *bytes, gsize length, GError **error);

/* A name or bracketed address fit for EHLO, and a host name or IPv4 address fit to connect to. */
gboolean smtp_helo_valid(const char *helo);
gboolean smtp_host_valid(const char *host);

#endif
