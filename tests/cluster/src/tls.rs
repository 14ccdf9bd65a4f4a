//! A certificate for `localhost`, made by `openssl`, and a server that takes nothing but TLS from the network.

use std::fs;
use std::path::Path;

use crate::programs::{Programs, append};

pub(crate) const AUTHORITY: &str = "authority.crt";
pub(crate) const OTHER_AUTHORITY: &str = "other-authority.crt";

/// 127.0.0.1 is left out of the certificate's names, so that a test can use it as a wrong one.
const MAKE: &str = r#"
set -e
umask 077
cat >openssl.cnf <<'END'
[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost
END
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
for name in authority other-authority; do
  key "$name"
  openssl req -config openssl.cnf -new -x509 -sha256 -key "$name.key" -subj "/CN=vienkop test $name" \
    -extensions authority -days 30 -out "$name.crt"
done
key server
openssl req -config openssl.cnf -new -sha256 -key server.key -subj /CN=localhost -out server.csr
openssl x509 -req -sha256 -in server.csr -CA authority.crt -CAkey authority.key -set_serial 2 \
  -extfile openssl.cnf -extensions server -days 30 -out server.crt
openssl rand -hex 24
"#;

/// How the server is reached over TLS.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) port: u16,
    pub(crate) password: String,
}

impl Tls {
    /// Makes authorities and certificate in the folder.
    pub(crate) fn make(programs: &Programs, folder: &Path, port: u16) -> Self {
        let said = programs.command("/bin/sh", folder).args(["-c", MAKE]).said();
        Self { port, password: said.lines().last().unwrap_or_default().to_owned() }
    }

    /// The settings that make the server use them.
    pub(crate) fn configure(&self, data: &Path) {
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nssl = on\nssl_cert_file = '../server.crt'\n\
             ssl_key_file = '../server.key'\n",
            self.port
        );
        append(&data.join("postgresql.conf"), &settings);
        let file = data.join("pg_hba.conf");
        let access = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(&file, access).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}
