//! Certificates.

use std::fs;

use nm_postgres::{Kind, Surroundings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::instance::Instance;
use crate::wire::Wire;

#[test]
fn a_server_must_prove_who_it_is() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let ca = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .signed_by(&own, &issuer)
        .unwrap();
    server.file("server.crt", &certificate.pem());
    server.file("server.key", &own.serialize_pem());
    let root = server.file("ca.crt", &ca.pem());
    let other = server.file("empty.crt", "");
    server.sql("postgres", "ALTER SYSTEM SET ssl = on");
    server.sql("postgres", "CREATE DATABASE encrypted");
    let hba = "hostssl encrypted all 127.0.0.1/32 trust\nhost encrypted all 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 trust\nlocal all all trust\n";
    fs::write(format!("{}/pg_hba.conf", server.data()), hba).unwrap();
    server.stop();
    server.go();
    let port = server.port;
    let open = |host: &str, query: &str| {
        let url = format!("postgres://boss@{host}:{port}/encrypted{query}");
        Wire::open(&url, &Surroundings::default())
    };
    let trusting = format!("?sslmode=verify-full&sslrootcert={}", root.display());
    open("localhost", &trusting).map(drop).unwrap();
    // Another name, another authority, and no encryption.
    let refused = |host: &str, query: &str| open(host, query).map(drop).unwrap_err();
    let error = refused("127.0.0.1", &trusting);
    assert_eq!(error.kind(), Kind::Untrusted, "{error}");
    assert!(error.to_string().contains("`sslrootcert`"), "{error}");
    let error = refused("localhost", "?sslmode=require");
    assert_eq!(error.kind(), Kind::Untrusted, "{error}");
    let error = refused("localhost", "?sslmode=disable");
    assert_eq!(error.kind(), Kind::Login, "{error}");
    for file in [other.display().to_string(), "/nowhere".to_owned()] {
        let error = refused("localhost", &format!("?sslmode=require&sslrootcert={file}"));
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.to_string().contains(&file), "{error}");
    }
}
