#![deny(warnings)]

use name_manager::shared_resource;

struct Client(u16);

trait Connect {
    #[shared_resource(pool = "db", max = 1)]
    fn connect() -> u16 {
        7
    }

    fn again(&mut self) -> &mut u16;
}

impl Client {
    #[shared_resource(pool = "db", max = 1)]
    #[shared_resource(pool = "mail", max = 1)]
    fn port(&self) -> &u16 {
        &self.0
    }

    #[shared_resource(pool = "db", max = 1)]
    async fn later(self) -> u16 {
        std::future::ready(self.0).await
    }
}

impl Connect for Client {
    #[shared_resource(pool = "db", max = 1)]
    fn again(&mut self) -> &mut u16 {
        self.0 += 1;
        &mut self.0
    }
}

#[test]
fn connects() {
    let mut client = Client(Client::connect());
    assert_eq!(*client.again(), 8);
    assert_eq!(*client.port(), 8);
    drop(client.later());
}
