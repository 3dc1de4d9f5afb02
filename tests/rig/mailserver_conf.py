"""What the two servers of mailserver.py are given: their certificates and their configuration."""

import os
import subprocess


class RigError(Exception):
    """Something the person who started the rig can act on."""


# ---------------------------------------------------------------------------------------------------------------
# Certificates
# ---------------------------------------------------------------------------------------------------------------

def openssl(*words):
    result = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise RigError(f"openssl {words[0]} failed: {result.stderr.strip()}")


def make_authority(folder, name, common_name):
    key, certificate = os.path.join(folder, f"{name}.key"), os.path.join(folder, f"{name}.pem")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256",
            "-keyout", key, "-out", certificate, "-days", "30", "-subj", f"/CN={common_name}",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    return key, certificate


def make_certificates(folder):
    """ca.pem signs server.pem (localhost, 127.0.0.1); other-ca.pem signs nothing: an authority that must fail."""
    ca_key, ca = make_authority(folder, "ca", "usher rig authority")
    make_authority(folder, "other-ca", "usher rig other authority")
    request = os.path.join(folder, "server.csr")
    extensions = os.path.join(folder, "server.ext")
    with open(extensions, "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"
                   "basicConstraints=CA:FALSE\n")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256",
            "-keyout", os.path.join(folder, "server.key"), "-out", request, "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-set_serial", "2", "-days", "30",
            "-sha256", "-extfile", extensions, "-out", os.path.join(folder, "server.pem"))
    os.unlink(request)
    os.unlink(extensions)


# ---------------------------------------------------------------------------------------------------------------
# Configuration of the two servers
# ---------------------------------------------------------------------------------------------------------------

DOVECOT_CONF = """\
protocols = imap lmtp submission
listen = 127.0.0.1
base_dir = {base_dir}
state_dir = {dir}/state
log_path = {dir}/log/dovecot.log
instance_name = usher-rig
verbose_proctitle = yes
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = {uid}
last_valid_uid = {uid}
hostname = localhost
postmaster_address = postmaster@{domain}

ssl = required
ssl_cert = <{dir}/tls/server.pem
ssl_key = <{dir}/tls/server.key
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
auth_username_format = %Lu
mail_max_userip_connections = 500

passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Lu {dir}/users.dovecot
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {dir}/users.dovecot
  default_fields = uid={uid} gid={gid} home={dir}/home/%Lu
}}

mail_location = maildir:{dir}/mail/%Lu:INDEX={dir}/index/%Lu:CONTROL={dir}/control/%Lu
recipient_delimiter = +
lda_mailbox_autocreate = yes
namespace inbox {{
  inbox = yes
  separator = /
  mailbox {sent} {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Drafts {{
    auto = create
    special_use = \\Drafts
  }}
  mailbox Trash {{
    auto = create
    special_use = \\Trash
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}

submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_ssl = no
submission_max_mail_size = 50M

service anvil {{
  chroot =
  client_limit = 900
  # A wrong password in one test must not slow down the next.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  client_limit = 900
}}
service imap-login {{
  chroot =
  service_count = 0
  client_limit = 500
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service submission-login {{
  chroot =
  service_count = 0
  client_limit = 500
  inet_listener submission {{
    port = {submission}
  }}
  inet_listener submissions {{
    port = {submissions}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"""

# Before the passwords, and for its mechanisms alone: the answer names the user by the key "username".
OAUTH_CONF = """\
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {dir}/oauth2.conf
}}
"""
OAUTH_ASK_CONF = """\
introspection_mode = post
introspection_url = {oauth}
username_attribute = username
active_attribute = active
active_value = true
timeout_msecs = 5000
"""

EXIM_CONF = """\
exim_path = {exim}
exim_user = {user}
exim_group = {group}
spool_directory = {dir}/exim
log_file_path = {dir}/log/exim-%slog
pid_file_path = {dir}/exim.pid
primary_hostname = localhost
qualify_domain = {domain}
keep_environment =
timezone = UTC
prod_requires_admin = false
queue_list_requires_admin = false
disable_ipv6 = true
host_lookup =
local_interfaces = <; 127.0.0.1.{smtp} ; 127.0.0.1.{smtp_no_chunking} ; 127.0.0.1.{smtps} ; 127.0.0.1.{relay}
tls_on_connect_ports = {smtps}
tls_advertise_hosts = ${{if eq{{$received_port}}{{{relay}}}{{}}{{*}}}}
tls_certificate = {dir}/tls/server.pem
tls_privatekey = {dir}/tls/server.key
auth_advertise_hosts = ${{if def:tls_in_cipher{{*}}{{}}}}
chunking_advertise_hosts = {chunking}
dsn_advertise_hosts = *
# The defaults protect small public servers: ten messages a connection, twenty connections.
smtp_accept_max = 300
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
smtp_connect_backlog = 100
smtp_enforce_sync = true
message_size_limit = 50M
queue_run_max = 2
bounce_return_size_limit = 100K
acl_smtp_connect = acl_connect
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt

domainlist local_domains = {domains}
domainlist bounce_domains = {bounce_domains}
domainlist grey_domains = {grey_domains}

begin acl

acl_connect:
  accept  control = dkim_disable_verify

acl_mail:
  accept  condition = ${{if eq{{$received_port}}{{{relay}}}}}
  deny    message = 530 5.7.0 Must issue a STARTTLS command first
          !encrypted = *
  deny    message = 530 5.7.0 Authentication required
          !authenticated = *
  accept

acl_rcpt:
  deny    message = 550 5.1.2 No such domain here
          !domains = +local_domains
  defer   message = 451 4.7.1 Greylisted, try again later
          domains = +grey_domains
          condition = ${{if exists{{{dir}/grey-open}}{{no}}{{yes}}}}
  accept  domains = +bounce_domains
  deny    message = 550 5.1.1 No such person here
          !verify = recipient
  accept

begin routers

mailbox:
  driver = accept
  domains = +local_domains
  local_part_suffix = +*
  local_part_suffix_optional
  condition = ${{lookup{{${{lc:$local_part@$domain}}}}lsearch{{{dir}/users.exim}}{{yes}}{{no}}}}
  transport = dovecot

nobody_there:
  driver = redirect
  domains = +local_domains
  allow_fail
  data = :fail: 550 5.1.1 The mailbox you wrote to does not exist

begin transports

dovecot:
  driver = smtp
  protocol = lmtp
  hosts = 127.0.0.1
  hosts_override
  port = {lmtp}
  allow_localhost
  rcpt_include_affixes
  hosts_try_auth =
  connection_max_messages = 1

begin retry

* * F,1h,5s; F,1d,1m

begin authenticators

plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if eq{{$auth3}}{{${{lookup{{${{lc:$auth2}}}}lsearch{{{dir}/users.exim}}{{$value}}fail}}}}}}
  server_set_id = $auth2

login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if eq{{$auth2}}{{${{lookup{{${{lc:$auth1}}}}lsearch{{{dir}/users.exim}}{{$value}}fail}}}}}}
  server_set_id = $auth1
"""
