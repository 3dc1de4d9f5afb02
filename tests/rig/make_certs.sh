#!/bin/sh
# Throw-away certificates for tests: make_certs.sh FOLDER
#   ca.pem                      the CA to trust
#   good.pem good.key           signed by it, for localhost and 127.0.0.1 (and ::1)
#   wrong.pem wrong.key         signed by it, for another.example
#   cn-only.pem cn-only.key     signed by it, localhost only as common name
#   expired.pem expired.key     signed by it, for localhost, over since 2020
#   future.pem future.key       signed by it, for localhost, from 2099 on
#   self.pem self.key           self-signed, for localhost
#   stranger.pem stranger.key   signed by a CA that is not in ca.pem, for localhost
#   wild.pem wild.key           signed by it, for *.mail.example
#   partial.pem partial.key     signed by it, for m*.mail.example and *.example
#   client.pem client.key       signed by it, for localhost, good for clients only
#   weak.pem weak.key           signed by it, for localhost, RSA of 1024 bits
#   sha1.pem sha1.key           signed by it with SHA-1, for localhost
#   chain.pem chain.key         signed by an authority under it that is shown too, for localhost
#   missing.pem missing.key     the same, but that authority is not shown
#   confined.pem confined.key   signed by an authority under it that is good for .mail.example alone, for localhost
#   forged.pem forged.key       signed by the holder of good.pem, who is no authority, for localhost
# Elliptic keys: a whole set takes a fraction of a second.
set -eu
folder=${1:?usage: make_certs.sh FOLDER}
mkdir -p "$folder"
cd "$folder"
umask 077

key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null
}

authority() { # name
    key "$1"
    openssl req -x509 -new -key "$1.key" -days 3650 -subj "/CN=usher test CA $1" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -out "$1.pem" 2>/dev/null
}

# openssl x509 cannot set dates in the past; openssl ca can, and wants a small database for it.
sign() { # name CN SAN authority start end
    [ -n "${rsa:-}" ] && openssl genrsa -out "$1.key" "$rsa" 2>/dev/null || key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr" 2>/dev/null
    rm -rf "$1.db" && mkdir "$1.db"
    : > "$1.db/index"
    echo "01$(openssl rand -hex 8)" > "$1.db/serial"
    cat > "$1.cnf" <<CONF
[ca]
default_ca = it
[it]
database = $1.db/index
serial = $1.db/serial
new_certs_dir = $1.db
default_md = ${digest:-sha256}
policy = any
unique_subject = no
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:${is_ca:-FALSE}
extendedKeyUsage = ${usage:-serverAuth}
${names:+nameConstraints = critical,permitted;DNS:$names}
${3:+subjectAltName = $3}
CONF
    openssl ca -batch -config "$1.cnf" -cert "$4.pem" -keyfile "$4.key" -in "$1.csr" -out "$1.pem" -notext \
        -startdate "$5" -enddate "$6" 2>/dev/null
    rm -rf "$1.db" "$1.cnf" "$1.csr"
}

local_names="DNS:localhost,IP:127.0.0.1,IP:::1"
begin=20200101000000Z
end=20491231000000Z
authority ca
authority other
sign good localhost "$local_names" ca $begin $end
sign wrong another.example "DNS:another.example" ca $begin $end
sign cn-only localhost "" ca $begin $end
sign expired localhost "$local_names" ca 20190101000000Z 20200201000000Z
sign future localhost "$local_names" ca 20990101000000Z 20991231000000Z
sign stranger localhost "$local_names" other $begin $end
key self
openssl req -x509 -new -key self.key -days 3650 -subj "/CN=localhost" -addext "subjectAltName=$local_names" \
    -out self.pem 2>/dev/null
sign wild mail.example "DNS:*.mail.example" ca $begin $end
sign partial mail.example "DNS:m*.mail.example,DNS:*.example" ca $begin $end
usage=clientAuth sign client localhost "$local_names" ca $begin $end
rsa=1024 sign weak localhost "$local_names" ca $begin $end
digest=sha1 sign sha1 localhost "$local_names" ca $begin $end
is_ca=TRUE sign under "usher test CA under" "" ca $begin $end
sign missing localhost "$local_names" under $begin $end
sign chain localhost "$local_names" under $begin $end
cat under.pem >> chain.pem
is_ca=TRUE names=.mail.example sign narrow "usher test CA narrow" "" ca $begin $end
sign confined localhost "$local_names" narrow $begin $end
cat narrow.pem >> confined.pem
sign forged localhost "$local_names" good $begin $end
cat good.pem >> forged.pem
