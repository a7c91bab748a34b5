//! A server that must prove who it is.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::door::Door;
use crate::instance::Instance;
use crate::lab::Said;

#[test]
fn a_server_whose_certificate_is_wrong_is_not_used() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let ca = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&own, &issuer)
        .unwrap();
    server.file("server.crt", &certificate.pem());
    server.file("server.key", &own.serialize_pem());
    let root = server.file("ca.crt", &ca.pem());
    server.sql("postgres", "ALTER SYSTEM SET ssl = on");
    server.sql("postgres", "CREATE DATABASE encrypted");
    let hba = "hostssl all all 127.0.0.1/32 trust\nlocal all all trust\n";
    fs::write(format!("{}/pg_hba.conf", server.data()), hba).unwrap();
    server.stop();
    server.go();
    let port = server.port;
    let to = |host: &str, mode: &str| {
        Door::to(&format!(
            "postgres://boss@{host}:{port}/encrypted?sslmode={mode}"
        ))
    };
    let trusting = |door: Door, command: &str| {
        let mut command = door.command(&["server", command]);
        Said::of(command.env("PGSSLROOTCERT", &root).output().unwrap())
    };
    trusting(to("localhost", "require"), "init").succeeds();
    let said = trusting(to("localhost", "verify-full"), "check").succeeds();
    assert!(
        said.out.contains("certificate and name are checked"),
        "{said:?}"
    );
    // Of an authority that this machine does not know, and for another host.
    let others = [
        to("localhost", "require").run(&["server", "init"]),
        trusting(to("127.0.0.1", "require"), "init"),
    ];
    for said in others {
        said.fails(1, "does not prove who it is");
    }
    let said = to("localhost", "require").run(&["server", "check"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("does not prove who it is"), "{said:?}");
    // What wants encryption is not spoken to without.
    let said = to("localhost", "disable").run(&["server", "init"]);
    said.fails(1, "refuses the user or its password");
}
